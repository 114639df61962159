"""The seed of a simulation that is given none: that of the environment, in every command that simulates."""

from __future__ import annotations

import pytest

from remora.flow.systems.bmru import commands as bmru_commands
from remora.flow.systems.bmru import faults as bmru_faults
from remora.flow.systems.crossbar import commands, faults, simulate
from remora.flow.tools.seeds import LARGEST_SEED, SEED_VARIABLE
from remora.golden.crossbar.weights import initial_weights
from remora.golden.data.load import synthetic
from remora.golden.learning.checkpoint import Checkpoint
from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib.errors import RemoraError
from remora.spec.presets import load_design

TINY = load_design("tiny", DesignPoint)


def stand_in(*positional, seed=None, **_):
    """In place of a simulation or a bench of faults: says its seed."""
    raise RemoraError(f"seed {positional[1] if seed is None else seed}")


@pytest.fixture
def unsimulated(monkeypatch):
    """Every simulation ends before it begins, with its seed."""
    # All are imported before the first is replaced: one bench of faults derives from the other.
    callers = (
        (commands, "simulate"),
        (bmru_commands, "simulate_bmru"),
        (faults, "CrossbarFaultBench"),
        (bmru_faults, "BmruFaultBench"),
    )
    for module, name in callers:
        monkeypatch.setattr(module, name, stand_in)


@pytest.mark.parametrize(
    "command",
    [
        ["simulate", "tiny", "--learn", "--tasks", "1", "--limit", "1"],
        ["simulate", "kws", "--data", "synthetic", "--limit", "1"],
        ["faults", "tiny"],
        ["faults", "kws"],
    ],
    ids=" ".join,
)
@pytest.mark.usefixtures("unsimulated")
def test_the_environment_gives_it_and_an_option_goes_before(remora, command, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.delenv(SEED_VARIABLE, raising=False)
    assert remora(*command).err.splitlines()[-1] == "error: seed 1"
    monkeypatch.setenv(SEED_VARIABLE, "77")
    assert remora(*command).err.splitlines()[-1] == "error: seed 77"
    assert remora(*command, "--seed", "5").err.splitlines()[-1] == "error: seed 5"
    assert SEED_VARIABLE in remora(command[0], "--help").out
    for wrong in ("x", str(LARGEST_SEED + 1)):
        monkeypatch.setenv(SEED_VARIABLE, wrong)
        answer = remora(*command)
        assert answer.code == 2 and f"'--seed' (env var: '{SEED_VARIABLE}')" in answer.err


def test_what_simulates_without_a_command_line_takes_it_too(monkeypatch, tmp_path):
    monkeypatch.setenv(SEED_VARIABLE, "77")
    monkeypatch.setenv("REMORA_SIM_BUILD", str(tmp_path))
    monkeypatch.setattr(simulate, "simulate_case", stand_in)
    with pytest.raises(RemoraError, match="seed 77"):
        simulate.simulate(TINY, synthetic(TINY, 1, 1), Checkpoint.of(TINY, initial_weights(TINY)))

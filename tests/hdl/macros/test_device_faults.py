"""The test of the test: every fault of the models of real devices turns red what the sound models pass."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from remora.flow.faults.mutation import FAULT_PLUSARG, mutate_model
from remora.flow.tools.simulator import write_source
from remora.spec.devices.section import NON_IDEALITIES
from tests.hdl.macro_models import CROSSBAR
from tests.hdl.macros.device_bench import TileRun, compare_runs, make_runs
from tests.hdl.macros.device_cases import TILES, build_bench, random_devices, start_bench
from tests.hdl.macros.device_faults import FAULTS

CHIPS, OPERATIONS = 4, 60


@pytest.fixture(scope="module")
def bench(tmp_path_factory) -> tuple[list[str], list[tuple[list[TileRun], Path]]]:
    """The bench with every fault in it, and runs whose scripts are written."""
    models = [
        write_source(path.name, mutate_model(path.read_text(encoding="utf-8"), path.stem, FAULTS))
        if path.stem in {fault.module for fault in FAULTS}
        else path
        for path in CROSSBAR
    ]
    runs = []
    for seed in range(100, 100 + CHIPS):
        folder = tmp_path_factory.mktemp("chip")
        chip = make_runs(TILES, seed, random_devices(Random(seed), tuple(NON_IDEALITIES)))
        for run in chip:
            run.write(folder, OPERATIONS)
        runs.append((chip, folder))
    return build_bench(TILES, "verilator", models), runs


def differences(bench, number: int) -> int:
    """How much differs with the fault of this number; 0 is none."""
    command, runs = bench
    count = 0
    for chip, folder in runs:
        done = start_bench(command, folder, f"+{FAULT_PLUSARG}={number}")
        assert done.returncode == 0, done.stdout + done.stderr
        compared, wrong = compare_runs(chip, folder)
        assert compared["code"] > 1000
        count += len(wrong)
        if number and count:
            break
    return count


def test_the_models_pass_while_no_fault_is_awake(bench):
    assert differences(bench, 0) == 0


@pytest.mark.parametrize("number", range(1, len(FAULTS) + 1), ids=[fault.name for fault in FAULTS])
def test_every_fault_is_noticed(bench, number):
    assert differences(bench, number) > 0, FAULTS[number - 1].breaks


def test_the_catalogue_is_broad():
    assert len({fault.name for fault in FAULTS}) == len(FAULTS) >= 30
    assert {fault.module for fault in FAULTS} == {"remora_crossbar", "remora_reads", "remora_devices"}

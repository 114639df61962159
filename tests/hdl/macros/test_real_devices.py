"""Crossbar tiles of real devices on Verilator and Icarus: every code, flag and final state is golden's, bit for bit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

import pytest

from remora.spec.devices.section import NON_IDEALITIES
from tests.hdl.macros.device_bench import KINDS, MOST_TICKS, TileRun, compare_runs, make_runs
from tests.hdl.macros.device_cases import SMALL, TILES, build_bench, random_devices, start_bench

EVERYTHING = tuple(NON_IDEALITIES)
OPERATIONS = 60
CHIPS = {name: (name,) for name in EVERYTHING} | {f"everything {seed}": EVERYTHING for seed in range(8)}


@pytest.fixture(scope="module")
def bench() -> list[str]:
    return build_bench(TILES, "verilator")


def run_chip(
    command: list[str], folder: Path, runs: list[TileRun], operations: int, first_age: int | None = None
) -> Counter[str]:
    """Run scripts on their chips and compare; how many values of each kind were compared."""
    for run in runs:
        run.write(folder, operations, first_age)
    done = start_bench(command, folder, *([] if first_age is None else [f"+remora_age={first_age}"]))
    assert done.returncode == 0, done.stdout + done.stderr
    compared, wrong = compare_runs(runs, folder)
    assert wrong == [] and all(compared[kind] >= len(runs) for kind in KINDS), (wrong[:3], compared)
    return compared


def changed(runs: list[TileRun], devices: Mapping[str, Any], seed: int, folder: Path) -> int:
    """How many codes, flags and final states are others than those of these devices would be in the same script."""
    others = make_runs(tuple(run.case for run in runs), seed, devices)
    count = 0
    for run, other in zip(runs, others, strict=True):
        other.write(folder, OPERATIONS)
        assert len(other.lines) == len(run.lines)
        pairs = zip(run.expected, other.expected, strict=True)
        count += sum(
            mine != yours for (_, _, first), (_, _, second) in pairs for mine, yours in zip(first, second, strict=True)
        )
        count += (run.state.p != other.state.p).sum().item() + (run.state.s != other.state.s).sum().item()
    return count


@pytest.mark.parametrize("chip", CHIPS)
def test_every_value_is_goldens(bench, chip, tmp_path):
    """Each non-ideality by itself, which must change something, and all of them together."""
    seed = list(CHIPS).index(chip)
    runs = make_runs(TILES, seed, random_devices(Random(seed), CHIPS[chip]))
    compared = run_chip(bench, tmp_path, runs, OPERATIONS)
    assert compared["code"] > 1000 and compared["state"] > 5000
    assert changed(runs, {}, seed, tmp_path) > 0


def test_there_are_enough_chips():
    assert len(CHIPS) >= 20 and {name for names in CHIPS.values() for name in names} == set(NON_IDEALITIES)


@pytest.mark.parametrize("ticks", [0, 12345, MOST_TICKS])
def test_a_simulation_may_start_aged(bench, ticks, tmp_path):
    runs = make_runs(TILES, ticks, random_devices(Random(ticks), EVERYTHING))
    assert run_chip(bench, tmp_path, runs, 10, ticks)["state"] > 1000


def test_devices_on_icarus(tmp_path):
    runs = make_runs(SMALL, 1, random_devices(Random(1), EVERYTHING))
    assert run_chip(build_bench(SMALL, "icarus"), tmp_path, runs, 40)["code"] > 50

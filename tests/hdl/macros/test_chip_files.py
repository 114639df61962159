"""Files of a chip that are wrong end the simulation with the tile's and the file's name; so does a wrong age."""

from __future__ import annotations

import re
from random import Random

import pytest

from remora.spec.devices.section import NON_IDEALITIES
from tests.hdl.macros.device_bench import make_runs
from tests.hdl.macros.device_cases import SMALL, build_bench, random_devices, start_bench

TILE = "parts_3"  # 6 x 5 pairs in a macro of 9 x 6


@pytest.fixture(scope="module", params=["verilator", "icarus"])
def command(request):
    return build_bench(SMALL, request.param)


@pytest.fixture
def chip(tmp_path):
    for run in make_runs(SMALL, 1, random_devices(Random(1), tuple(NON_IDEALITIES))):
        run.write(tmp_path, 3)
    return tmp_path


def with_number(index: int, value: str):
    """An edit of a file: its so many-th number, from 0."""

    def edit(text: str) -> str:
        numbers = text.split()
        numbers[index] = value
        return " ".join(numbers)

    return edit


FAULTS = {
    "missing model": ("model", None, "cannot be opened; \\+remora_chip names its folder"),
    "missing devices": ("chip", None, "cannot be opened"),
    "missing state": ("devices", None, "cannot be opened"),
    "empty": ("model", lambda text: "", "ends before its number 1,"),
    "short model": ("model", lambda text: " ".join(text.split()[:-1]), "ends before its number 910,"),
    "short devices": ("chip", lambda text: " ".join(text.split()[:-1]), "ends before its number 360,"),
    "short state": ("devices", lambda text: " ".join(text.split()[:-1]), "ends before its number 242,"),
    "a word": ("devices", with_number(3, "many"), "ends before its number 4, or that is none"),
    "long model": ("model", lambda text: text + " 1", "holds more than 910 numbers"),
    "long devices": ("chip", lambda text: text + "\n7 \n", "holds more than 360 numbers"),
    "long state": ("devices", lambda text: text + " x", "holds more than 242 numbers"),
    "more rows": ("model", with_number(4, "10"), "describes other rows or columns than the tile has"),
    "more columns": ("model", with_number(5, "7"), "describes other rows or columns than the tile has"),
    "no rows": ("model", with_number(4, "0"), "describes other rows or columns than the tile has"),
    "more columns than bitlines": ("model", with_number(7, "6"), "describes other spare columns than the tile has"),
    "more planes": ("model", with_number(6, "9"), "describes other planes than the tile has"),
    "other levels": ("model", with_number(11, "1000"), "describes other levels than the tile has"),
    "another level": ("model", with_number(12, "32"), "describes other levels than the tile has"),
    "much read noise": ("model", with_number(117, "2147483647"), "describes read noise whose variance 32 bits do not"),
    "bounds exchanged": ("chip", with_number(1, "0"), "its number 2 is 0, beyond \\d+ to \\d+"),
    "beyond the limit": ("devices", with_number(2, "99999"), "its number 3 is 99999, beyond 0 to \\d+"),
    "negative pulses": ("devices", with_number(3, "-1"), "its number 4 is -1, beyond 0 to 4294967295"),
    "a future pulse": ("devices", with_number(4, str(1 << 47)), "its number 5 is 140737488355328, beyond 0 to"),
}  # fmt: skip


def reports(done) -> list[str]:
    return re.findall(r"^.*(?:%Fatal|FATAL): .*$", done.stdout + done.stderr, re.M)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_wrong_file_ends_the_simulation(command, chip, fault):
    kind, edit, message = FAULTS[fault]
    path = chip / f"{TILE}.{kind}"
    text = path.read_text(encoding="utf-8")
    path.unlink() if edit is None else path.write_text(edit(text), encoding="utf-8")
    done = start_bench(command, chip)
    found = reports(done)
    assert done.returncode != 0 and len(found) == 1, found
    assert re.search(rf"{TILE}: {re.escape(str(path))}:? {message}", found[0]), found


@pytest.mark.parametrize("ticks", [-1, 1 << 47])
def test_a_wrong_age_ends_the_simulation(command, chip, ticks):
    done = start_bench(command, chip, f"+remora_age={ticks}")
    assert done.returncode != 0 and f": an age of {ticks} ticks is none" in reports(done)[0]


def test_ageing_comes_between_sequences(command, chip):
    script = chip / f"{TILE}.script"
    cycles = [["0"] * 18 for _ in range(12)]
    for cycle in cycles[:4]:
        cycle[0] = "1"  # reset
    cycles[6][4] = cycles[7][16] = "1"  # integrate, then age
    script.write_text("\n".join(map(" ".join, cycles)) + "\n", encoding="utf-8")
    found = reports(start_bench(command, chip))
    assert len(found) == 1 and f"{TILE}: aged between integrate and sample" in found[0]


@pytest.mark.parametrize("simulator", ["verilator", "icarus"])
def test_models_that_are_compiled_for_ideal_devices_refuse_a_chip(simulator, chip):
    done = start_bench(build_bench(SMALL, simulator, real=False), chip)
    message = f"\\+remora_chip={chip}: compile with REMORA_REAL_DEVICES defined, else devices are ideal"
    assert done.returncode != 0 and any(re.search(message, line) for line in reports(done))

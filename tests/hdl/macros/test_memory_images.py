"""Memory images on Verilator and on Icarus: the right words are read in any layout, and anything else is fatal."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from remora.flow.tools.icarus import build_icarus
from remora.flow.tools.simulator import build_executable
from tests.hdl.macro_models import BISTABLE, CROSSBAR
from tests.support import icarus

HERE = Path(__file__).parent
SOURCES = [HERE / "images_bench.sv", *dict.fromkeys([*CROSSBAR, *BISTABLE])]
# Two rows of three weights within 3 levels, and low and high threshold of two cells in six bits.
TILE, CELLS = "0001 ffff 0003\nfffd 0000 0002\n", "00000005 0000001f\nffffffe1 ffffffff\n"
WEIGHTS, THRESHOLDS = [1, -1, 3, -3, 0, 2], [5, 31, -31, -1]


@pytest.fixture(scope="module", params=["verilator", "icarus"])
def simulate(request, tmp_path_factory):
    """Run the bench on these images; returns exit status and what it printed."""
    if request.param == "icarus":
        command = [icarus().vvp, "-n", build_icarus(SOURCES, "images_bench", name="memory_images").executable]
    else:
        command = [
            build_executable(
                SOURCES, "images_bench", HERE / "images_main.cpp", name="memory_images", optimise="build"
            ).executable
        ]

    def run(**images: str | None) -> tuple[int, str]:
        folder = tmp_path_factory.mktemp("images")
        for name, text in ({"tile": TILE, "cells": CELLS} | images).items():
            if text is not None:
                (folder / f"{name}.hex").write_text(text, encoding="utf-8", newline="")
        done = subprocess.run([*command, f"+remora_images={folder}"], capture_output=True, text=True, check=False)
        return done.returncode, (done.stdout + done.stderr).replace(f"{folder}/", "")

    run.command = command
    return run


def held(output: str) -> tuple[list[int], list[int]]:
    """Weights and thresholds as the bench printed them."""
    lines = {what: re.findall(rf"^{what} (.+)$", output, re.MULTILINE) for what in ("weights", "thresholds")}
    weights, thresholds = ([int(value) for value in " ".join(found).split()] for found in lines.values())
    return weights, thresholds


LAYOUTS = (
    TILE, TILE.upper(), TILE.replace(" ", "\n"), f"\n\t {TILE}  \n\n", TILE.rstrip(), TILE.replace("\n", "\r\n"),
    "1 ffff 3 fffd 0 2",
)  # fmt: skip


@pytest.mark.parametrize("tile", LAYOUTS)
def test_the_layout_is_free(simulate, tile):
    status, output = simulate(tile=tile)
    assert (status, *held(output)) == (0, WEIGHTS, THRESHOLDS), output


def test_without_images_devices_are_at_rest(simulate):
    done = subprocess.run(simulate.command, capture_output=True, text=True, check=True)
    assert held(done.stdout) == ([0] * 6, [0] * 4)


FAULTS = {
    "missing": ({"tile": None}, r"tile: memory image tile.hex cannot be opened"),
    "missing thresholds": ({"cells": None}, r"cells: memory image cells.hex cannot be opened"),
    "empty": ({"tile": ""}, r"tile: memory image tile.hex holds 0 words instead of 6"),
    "short": ({"tile": TILE[:-5]}, r"tile: memory image tile.hex holds 5 words instead of 6"),
    "short thresholds": ({"cells": "0 1 2"}, r"cells: memory image cells.hex holds 3 words instead of 4"),
    "long": ({"tile": TILE + "0000\n"}, r"tile: memory image tile.hex holds more than 6 words"),
    "long thresholds": ({"cells": CELLS + "0"}, r"cells: memory image cells.hex holds more than 4 words"),
    "x": ({"tile": "0001 xxxx" + TILE[9:]}, r"tile: memory image tile.hex, line 1: 'x' is no hexadecimal digit"),
    "z in a word": ({"tile": "0001\n000z" + TILE[9:]}, r"tile.hex, line 2: 'z' is no hexadecimal digit"),
    "text": ({"cells": "# thresholds\n" + CELLS}, r"cells.hex, line 1: '#' is no hexadecimal digit"),
    "too many digits": ({"tile": "00001" + TILE[4:]}, r"tile.hex, line 1: a word of more than 4 digits"),
    "beyond a device": ({"tile": TILE[:-3] + "04\n"}, r"tile.hex, line 2: 4 is beyond \+-3"),
    "beyond below": ({"tile": TILE[:-5] + "fffc"}, r"tile.hex, line 2: -4 is beyond \+-3"),
    "the largest word": ({"tile": "7fff" + TILE[4:]}, r"tile.hex, line 1: 32767 is beyond \+-3"),
    "beyond a converter": ({"cells": "20" + CELLS[8:]}, r"cells.hex, line 1: 32 is beyond \+-31"),
    "far beyond": ({"cells": "80000000" + CELLS[8:]}, r"cells.hex, line 1: -2147483648 is beyond \+-31"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_wrong_image_ends_the_simulation(simulate, fault):
    images, message = FAULTS[fault]
    status, output = simulate(**images)
    reports = re.findall(r"^.*(?:%Fatal|FATAL): .*$", output, re.M)
    assert status != 0 and len(reports) == 1 and re.search(message, reports[0]), output

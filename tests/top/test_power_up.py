"""What registers, memories and inputs hold at power-up shows in no record: the same run at several seeds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from remora.flow.systems.bmru.run import KINDS as BMRU_KINDS
from remora.flow.systems.bmru.run import BmruCase
from remora.flow.systems.bmru.stimulus import stress_stimulus as bmru_stimulus
from remora.flow.systems.crossbar.generate import write_images
from remora.flow.systems.crossbar.run import KINDS, CrossbarCase
from remora.flow.systems.crossbar.stimulus import learning_stimulus, stress_stimulus
from remora.flow.tools.simulator import default_seed
from remora.flow.verify.run import run_case
from remora.golden.crossbar.cell import Coefficients
from remora.spec.crossbar.records import LEARN
from remora.spec.lib.trace import record_types
from tests.top.bmru.test_bmru import DESIGNS as BMRU
from tests.top.crossbar.test_learning import LEARNERS
from tests.top.crossbar.test_sizes import DESIGNS

SEEDS = [default_seed() + index for index in range(4)]
BMRU_SEEDS = [default_seed() + index for index in range(6)]
"""More of them, since codes are loaded through a scan chain before anything is compared."""
SEQUENCES = 6


def require_same_records(design, folders: list[Path]) -> None:
    """Every file of records is the same to the last byte, cycles included, and none is empty."""
    for kind in record_types(design):
        found = {(folder / f"{kind}.bin").read_bytes() for folder in folders if (folder / f"{kind}.bin").is_file()}
        assert len(found) == 1, f"{kind}: {len(found)} different files"
    assert len(folders) > 1


@pytest.mark.parametrize("learns", [False, True])
def test_a_crossbar(learns, harness, tmp_path):
    design = LEARNERS["tiny"] if learns else DESIGNS["tiny"]
    stimulus = (learning_stimulus if learns else stress_stimulus)(design, SEQUENCES, Coefficients(176, 216), 8)
    _, build = harness(design)
    write_images(design, stimulus.weights, tmp_path / "images")
    folders = [tmp_path / str(seed) for seed in SEEDS]
    for seed, folder in zip(SEEDS, folders, strict=True):
        result = run_case(build, CrossbarCase(design, stimulus, images=tmp_path / "images"), folder, seed=seed)
        result.comparison.require(*(kind for kind in KINDS if kind != "event"), *([LEARN] if learns else []))
    require_same_records(design, folders)


def test_stalls_follow_from_the_seed(harness, tmp_path):
    """The same seed gives the same run to the cycle, another one another."""
    design = DESIGNS["tiny"]
    stimulus = stress_stimulus(design, SEQUENCES, Coefficients(176, 216), 8)
    _, build = harness(design)
    write_images(design, stimulus.weights, tmp_path / "images")
    steps = []
    for number, seed in enumerate((5, 5, 6)):
        folder = tmp_path / str(number)
        run_case(build, CrossbarCase(design, stimulus, images=tmp_path / "images"), folder, seed=seed, stall=0.4)
        steps.append((folder / "step.bin").read_bytes())
    assert steps[0] == steps[1] != steps[2]


def test_a_bmru_accelerator(harness, tmp_path):
    design = BMRU["odd"]
    _, build = harness(design)
    stimulus = bmru_stimulus(design, 2, 8)
    folders = [tmp_path / str(seed) for seed in BMRU_SEEDS]
    for seed, folder in zip(BMRU_SEEDS, folders, strict=True):
        run_case(build, BmruCase(design, stimulus), folder, seed=seed).comparison.require(*BMRU_KINDS)
    require_same_records(design, folders)
    assert np.fromfile(folders[0] / "frame.bin", np.uint8).size > 0

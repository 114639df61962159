"""The whole accelerator against golden at every step: sizes, formats, coefficients, stalls, saturation, bad packets."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from remora.flow.systems.crossbar.generate import write_images
from remora.flow.systems.crossbar.run import KINDS, CrossbarCase
from remora.flow.systems.crossbar.stimulus import stress_stimulus, with_bad_packets
from remora.flow.verify.run import run_case
from remora.golden.crossbar.cell import Coefficients
from remora.spec.crossbar.counters import Counter
from remora.spec.lib.packets import Drop
from tests.hdl import designs

SEQUENCES = 16
WINDOW, IMAGES = "window", "images"


@dataclass(frozen=True)
class Case:
    """One run of one design point."""

    design: str
    reset: int
    update: int
    stall: float
    weights: str
    saturates: bool = True
    """Conversions and words must both saturate."""

    @property
    def name(self) -> str:
        return f"{self.design}-b{self.reset}-u{self.update}-stall{self.stall:g}-{self.weights}"


DESIGNS = {name: design for name, design in designs.DESIGNS.items() if name != "signed"} | {"tiled": designs.TILED}
"""``exact`` has signed features too."""
NO_SATURATION = ("one", "exact", "coarse")
"""Design points whose candidates cannot come close enough to 1 for a word to saturate."""

IMAGES_BY_DAY = ("one", "tiny")
"""Whose weights by day come from memory images too, without stalls and with many."""
WINDOW_BY_DAY = ("one", "tiny", "exact", "tiled")
"""Whose weights by day come through the weight window: the smallest and the tutorial's, signed features, several tiles.
"""

CASES = (
    *(Case(name, 256, 256, 0.3, WINDOW, saturates=name not in NO_SATURATION) for name in DESIGNS),
    *(Case(name, 100 + 17 * k, 30 + 22 * k, (0.0, 0.8)[k % 2], IMAGES, False) for k, name in enumerate(DESIGNS)),
    *(
        Case("tiny", reset, update, 0.0, IMAGES, False)
        for reset, update in ((0, 0), (0, 1), (1, 255), (256, 0), (0, 256), (256, 90), (138, 203))
    ),
)


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, marks=pytest.mark.nightly)
        if case.design not in (IMAGES_BY_DAY if case.weights == IMAGES else WINDOW_BY_DAY)
        else case
        for case in CASES
    ],
    ids=lambda case: case.name,
)
def test_agrees_with_golden(case, harness, tmp_path):
    """Good and bad packets through the hardware; every step, readout, answer, event, counter and interrupt compared."""
    design, seed = DESIGNS[case.design], 1 + CASES.index(case)
    stimulus = stress_stimulus(design, SEQUENCES, Coefficients(case.reset, case.update), seed)
    stimulus = with_bad_packets(design, stimulus, seed)
    _, build = harness(design)
    images = tmp_path / "images" if case.weights == IMAGES else None
    if images:
        write_images(design, stimulus.weights, images)
    result = run_case(
        build, CrossbarCase(design, stimulus, images=images), tmp_path / "run", seed=seed, stall=case.stall
    )
    result.require(*KINDS)
    assert result.comparison.compared["answer"] == result.comparison.compared["readout"] == SEQUENCES
    assert result.comparison.compared["step"] == stimulus.lengths.sum() >= SEQUENCES
    if case.saturates:
        assert result.counters[Counter.ADC_SATURATIONS] > 0 and result.counters[Counter.WORD_SATURATIONS] > 0


def test_every_kind_of_bad_packet_occurs():
    design = DESIGNS["tiny"]
    stimulus = with_bad_packets(design, stress_stimulus(design, SEQUENCES, Coefficients(0, 0), 1), 1)
    assert {bad.cause for bad in stimulus.bad} == set(Drop)
    assert any(bad.keep for bad in stimulus.bad)

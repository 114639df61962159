"""Tiles that are given more time than the design point says: the same answers and weights, and cycles as the model has
them."""

from __future__ import annotations

import json

import numpy as np
import pytest

from remora.flow.tools.simulator import SimulationFailed
from remora.spec.crossbar.cycles import Cycles, Stretch
from remora.spec.crossbar.records import STEP
from remora.spec.lib.trace import read_trace, write_header
from tests.top.crossbar.bring_up.hanging_tiles import DESIGN_POINTS, HIDDEN, READOUT, run_hanging, slow, stand

STRETCHES = [[0, 0, 0, 0], [1, 0, 0, 0], [0, 3, 0, 0], [0, 0, 1, 0], [0, 0, 20, 0], [2, 1, 5, 3]]
"""Of planes, the gap, conversions and pulses."""
AT_NIGHT = ("every", "verified")


@pytest.mark.parametrize(
    "hanging",
    [pytest.param(name, marks=pytest.mark.nightly) if name in AT_NIGHT else name for name in DESIGN_POINTS],
    indirect=True,
)
def test_answers_stay_and_cycles_are_those_of_the_model(hanging, tmp_path):
    """Lone sequences; and of several in flight the fewest cycles from one step to the next."""
    design = DESIGN_POINTS[hanging[0]]
    write_header(tmp_path, design)
    output = tmp_path / "phases.json"
    trace = f"+remora_trace={tmp_path}"
    run_hanging(hanging, tmp_path, "top_stretches.counted", trace, stretches=STRETCHES, output=str(output))
    steps = read_trace(tmp_path, design)[STEP]["cycle"].astype(np.int64)
    phases = json.loads(output.read_text(encoding="utf-8"))
    assert len(phases) == len(STRETCHES)
    for phase in phases:
        cycles = Cycles(design, Stretch(*phase["stretch"]))
        gaps = np.diff(steps[(steps > phase["began"]) & (steps < phase["ended"])])
        assert len(gaps) > 50
        assert gaps.min() == (cycles.busy if design.system.contexts > 1 else cycles.step), phase["stretch"]


@pytest.mark.parametrize("hanging", ["integrators"], indirect=True)
def test_wordlines_stand_before_each_plane(hanging, tmp_path):
    """For as long as they are told, and no longer."""
    lead = 3
    arguments = {"stretches": [[lead, 0, 0, 0]], "output": str(tmp_path / "phases.json")}
    run_hanging(hanging, tmp_path, "top_stretches.counted", stand(lead), **arguments)
    with pytest.raises(SimulationFailed, match=f"wordlines stood {lead} cycles before the plane, not {lead + 1}"):
        run_hanging(hanging, tmp_path, "top_stretches.counted", stand(lead + 1), **arguments)


def test_a_design_point_converts_while_codes_are_taken():
    """The early sample of `remora.hdl.crossbar.every_step.step_readout`, under stretches and late conversions."""
    design = DESIGN_POINTS["every"]
    assert design.network.classes > design.crossbar.adc_cycles + 3


@pytest.mark.parametrize("hanging", ["learns"], indirect=True)
def test_the_same_weights_are_learnt(hanging, tmp_path):
    run_hanging(hanging, tmp_path, "top_stretches.learnt", stretches=[STRETCHES[0], STRETCHES[-1]], learnt=12)


@pytest.mark.parametrize(
    "hanging", ["three", "integrators", pytest.param("every", marks=pytest.mark.nightly)], indirect=True
)
def test_a_converter_that_is_slow(hanging, tmp_path):
    """One tile of several is enough to hold up its layer."""
    run_hanging(hanging, tmp_path, "top_stretches.slow_converters", slow(HIDDEN[-1], 30), slow(READOUT[0], 5))

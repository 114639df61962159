"""A tile that never ends a conversion or a pulse stops the core, which tells why and recovers."""

from __future__ import annotations

import numpy as np
import pytest

from remora.flow.systems.crossbar.generate import write_images
from remora.flow.systems.crossbar.stimulus import stress_stimulus
from remora.flow.systems.registry import generate
from remora.flow.tools.simulator import Build, run
from remora.golden.crossbar.cell import Coefficients
from remora.golden.crossbar.miru import infer
from remora.spec.crossbar.layout import Layer, layer_layout
from tests.hdl.designs import DESIGNS
from tests.top.crossbar.hanging_tiles import build_hanging, hang

DESIGN_POINTS = {
    # Several tiles of either layer in both directions.
    "three": DESIGNS["primes"].evolve(system={"contexts": 3}),
    "learns": DESIGNS["primes"].evolve(
        learning={"enabled": True, "hidden_shift": 3, "readout_shift": 2, "replay_capacity": 3}
    ),
}
HIDDEN, READOUT = (layer_layout(DESIGNS["primes"], layer).tiles for layer in Layer)
SEQUENCES = 30


@pytest.fixture(scope="module", params=DESIGN_POINTS)
def named_build(request, tmp_path_factory) -> tuple[str, Build]:
    """Each design point, built with tiles that hang as they are told."""
    generated = generate(DESIGN_POINTS[request.param], tmp_path_factory.mktemp(request.param))
    return request.param, build_hanging(generated)


def run_timeouts(named_build, tmp_path, testcase: str, *hangs: str, **config) -> None:
    """Run one test of the cocotb module on tiles that hang so."""
    name, build = named_build
    design = DESIGN_POINTS[name]
    stimulus = stress_stimulus(design, SEQUENCES, Coefficients.of(design), seed=5)
    write_images(design, stimulus.weights, tmp_path / "images")
    inference = infer(design, stimulus.weights, stimulus.features, stimulus.lengths)
    known = {
        "design": design.model_dump(mode="json"),
        "hidden": stimulus.weights.hidden.tolist(),
        "readout": stimulus.weights.readout.tolist(),
        "features": stimulus.features.tolist(),
        "lengths": stimulus.lengths.tolist(),
        "scores": np.asarray(inference.scores).tolist(),
    }
    arguments = [f"+remora_images={tmp_path / 'images'}", *hangs]
    result = run(
        build,
        "remora.tb.crossbar.top_timeouts",
        testcase=testcase,
        config=known | config,
        plusargs=arguments,
        run_dir=tmp_path,
    )
    assert len(result.tests) == 1


def test_a_conversion_that_never_ends(named_build, tmp_path):
    """Of a tile that is not the first of its layer, too; a lone sequence waits, one of several is overrun."""
    causes = ["hidden_conversion", "readout_conversion", *(["overrun"] if named_build[0] == "three" else [])]
    hangs = [hang(HIDDEN[0], "valid", 17), hang(HIDDEN[-1], "valid", 41), hang(READOUT[0], "valid", 7)]
    run_timeouts(named_build, tmp_path, "conversions", *hangs, causes=causes)


def test_a_pulse_of_the_window_that_never_ends(named_build, tmp_path):
    causes = [f"{layer.name.lower()}_{what}" for layer in Layer for what in ("pulse", "conversion")]
    hangs = [
        *(hang(tile, "busy", 151) for tile in (HIDDEN[0], READOUT[0])),
        *(hang(tile, "valid", 67) for tile in (HIDDEN[-1], READOUT[-1])),
    ]
    run_timeouts(named_build, tmp_path, "programming", *hangs, causes=causes)


def test_tiles_that_answer_stop_nothing(named_build, tmp_path):
    run_timeouts(named_build, tmp_path, "tiles_that_answer")


def test_a_limit_of_zero_waits_for_ever(named_build, tmp_path):
    run_timeouts(named_build, tmp_path, "no_limit", hang(READOUT[0], "valid", 9))


@pytest.mark.parametrize("named_build", ["learns"], indirect=True)
def test_an_update_whose_pulse_never_ends(named_build, tmp_path):
    hangs = [hang(tile, "busy", 101) for tile in (HIDDEN[0], READOUT[0])]
    run_timeouts(named_build, tmp_path, "updates", *hangs, causes=["hidden_pulse", "readout_pulse"], rounds=8)

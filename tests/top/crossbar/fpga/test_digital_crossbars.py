"""The whole accelerator with digital crossbars against golden: what it streams, learns, replays, and every device."""

from __future__ import annotations

from dataclasses import replace

import pytest

from remora.flow.generate.parts import MACROS
from remora.flow.systems.crossbar.devices import DEVICES
from remora.flow.systems.crossbar.generate import write_images
from remora.flow.systems.crossbar.run import KINDS, CrossbarCase
from remora.flow.systems.crossbar.stimulus import learning_stimulus, with_bad_packets
from remora.flow.systems.registry import system_of
from remora.flow.verify.harness import build_harness
from remora.flow.verify.run import run_case
from remora.golden.crossbar.cell import Coefficients
from remora.spec.crossbar.counters import Counter
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import all_tiles
from remora.spec.crossbar.records import INSERT, LEARN
from tests.hdl.designs import TINY
from tests.support import generated_copy

LEARNS = {"enabled": True, "hidden_shift": 5, "replay_capacity": 5}
DESIGNS = {
    # Columns side by side, and the weights of memory images.
    "lanes": TINY.evolve(learning=LEARNS),
    # Rows in blocks, larger macros, and weights through the weight window.
    "blocks": TINY.evolve(
        learning=LEARNS | {"lanes": 4},
        crossbar={"adc_cycles": 30, "pulse_cycles": 10, "sense_cycles": 5, "macro_rows": 7, "macro_columns": 5},
    ),
}


def digital_build(design: DesignPoint, directory):
    """A harness in which the crossbars are digital."""
    generated = generated_copy(design, directory)
    others = [path for path in generated.models if path.stem != "remora_crossbar"]
    assert len(others) == len(generated.models) - 1
    models = [*others, *sorted((MACROS / "fpga").glob("*.sv"))]
    return build_harness(generated, system_of(design).harness, models=models, optimise="build")


@pytest.mark.parametrize("name", ["lanes", pytest.param("blocks", marks=pytest.mark.nightly)])
def test_agrees_with_golden(name, tmp_path):
    design = DESIGNS[name]
    stimulus = replace(learning_stimulus(design, 16, Coefficients(176, 216), 1), readbacks=(7,))
    stimulus = with_bad_packets(design, stimulus, 1)
    images = tmp_path / "images" if name == "lanes" else None
    if images:
        write_images(design, stimulus.weights, images)
    result = run_case(
        digital_build(design, tmp_path / "out"), CrossbarCase(design, stimulus, images=images), tmp_path / "run"
    )
    result.require(*KINDS, LEARN, INSERT, "hidden weights", "readout weights", "counts", *([DEVICES] * (not images)))
    compared = result.comparison.compared
    assert result.counters[Counter.PULSES] > 0 < result.counters[Counter.REPLAYED]
    assert compared["hidden weights"] == 2 * design.network.hidden
    assert images or compared[DEVICES] == len(all_tiles(design)) * 7 * 5

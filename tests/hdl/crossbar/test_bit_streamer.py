"""The bit streamer on Verilator, every feature byte at every width; with tiles, every word times every weight."""

from __future__ import annotations

from remora.hdl.crossbar.bit_streamer import BitStreamer
from tests.hdl.crossbar.streamed_layer import StreamedLayer
from tests.hdl.designs import DESIGNS, MNIST, cases, make_design
from tests.hdl.macro_models import CROSSBAR, CROSSBAR_OPTIONS
from tests.support import simulate_cases


def test_bit_streamer():
    designs = {**DESIGNS, "mnist": MNIST}
    for bits in range(2, 9):
        for signed in (False, True):
            formats = {"stream_bits": bits, "adc_bits": min(8, bits + 5)}
            network = {"features": 2, "hidden": 1, "feature_signed": signed}
            designs[f"bits_{bits}{'_signed' if signed else ''}"] = make_design(
                network=network, cell={"lanes": 1}, formats=formats, crossbar={"levels": 8}
            )
    assert len(simulate_cases(BitStreamer, cases(designs), "remora.tb.blocks.crossbar.test_bit_streamer").tests) == 2


def test_streaming():
    """A full tile of 160 x 128 whose code is the sum itself, and the 129 x 100 of the default formats."""
    exact = make_design(
        network={"features": 31, "hidden": 128, "feature_signed": True},
        formats={"adc_bits": 10, "adc_range_log2": 1},
        crossbar={"level_bits": 0, "adc_cycles": 1, "pulse_cycles": 1},
    )
    layers = {
        name: {"design": design, "lanes": design.network.hidden}
        for name, design in (("exact", exact), ("mnist", MNIST))
    }
    options = {"extra_sources": CROSSBAR, **CROSSBAR_OPTIONS}
    assert len(simulate_cases(StreamedLayer, layers, "remora.tb.blocks.crossbar.test_streaming", **options).tests) == 3

"""Proofs about whole small designs: the buses, and what the macros are asked, whatever the host and the macros do."""

from __future__ import annotations

from remora.hdl.crossbar.properties.buffers import ONE
from remora.hdl.crossbar.properties.guards import guards
from remora.hdl.crossbar.properties.reading import LAYERS, array, cell, sequencer, window
from remora.hdl.crossbar.properties.together import MACROS, pulses, settings, together
from remora.hdl.crossbar.top import Remora
from remora.hdl.lib.properties.proof import Proof
from remora.hdl.lib.properties.streams import lite, lite_mutants
from remora.spec.crossbar.design import DesignPoint

SMALL = ONE.evolve(
    formats={"stream_bits": 2, "adc_bits": 4, "adc_range_log2": 1},
    network={"max_steps": 2},
    crossbar={"rows": 3, "levels": 3, "level_bits": 1, "fraction_bits": 2, "adc_cycles": 2, "pulse_cycles": 2},
    system={"small_memory_bits": 0},
)
"""Few planes, levels and cycles: what counts is soon counted. One tile a layer."""


def whole() -> list[Proof]:
    """All of them."""
    one = ONE.evolve(system={"small_memory_bits": 0})
    parts = (guards, cell, settings, pulses, sequencer, window, together)
    return [
        _buses("one", one),
        *(part("one", SMALL) for part in parts),
        *(array("one", SMALL, layer) for layer in LAYERS),
    ]


def _buses(name: str, design: DesignPoint) -> Proof:
    return Proof(
        f"buses-{name}",
        f"{name}: AXI4-Lite of a whole design, under any back-pressure and with a reset at any time",
        lambda: Remora(design),
        {"lite": lite("s_axil")},
        lite_mutants("s_axil", "aclk"),
        macros=MACROS,
        depth=40,
        pinned=True,
        timeout=1200,
    )

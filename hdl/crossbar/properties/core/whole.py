"""Proofs about whole small designs: the buses, and what the macros are asked, whatever the host and the macros do."""

from __future__ import annotations

from remora.hdl.crossbar.properties.buffers import ONE
from remora.hdl.crossbar.properties.core.flight import placed
from remora.hdl.crossbar.properties.core.guards import guards
from remora.hdl.crossbar.properties.core.reading import LAYERS, array, cell, sequencer, window
from remora.hdl.crossbar.properties.core.together import BLOCKS, MACROS, pulses, settings, together
from remora.hdl.crossbar.top import Remora
from remora.hdl.learning.properties.updating import ends, engine
from remora.hdl.lib.properties.proof import Mutant, Proof
from remora.hdl.lib.properties.streams import lite, lite_mutants, stream
from remora.spec.crossbar.design import DesignPoint

SMALL = ONE.evolve(
    formats={"stream_bits": 2, "adc_bits": 4, "adc_range_log2": 1},
    network={"max_steps": 2},
    crossbar={"rows": 3, "levels": 3, "level_bits": 1, "fraction_bits": 2, "adc_cycles": 2, "pulse_cycles": 2},
    system={"small_memory_bits": 0},
)
"""Few planes, levels and cycles: what counts is soon counted. One tile a layer."""
WHOLES = {
    "one": SMALL,
    "bistable": SMALL.evolve(cell={"kind": "bmru"}),
    "learning": SMALL.evolve(learning={"enabled": True}),
    "contexts": SMALL.evolve(system={"contexts": 3}),
    "tiles": SMALL.evolve(
        network={"features": 2, "hidden": 4, "classes": 3}, crossbar={"rows": 4, "columns": 3}, cell={"lanes": 3}
    ),
    "replay": SMALL.evolve(learning={"enabled": True, "replay_capacity": 3}),
}
"""Designs whose tiles are proven to be asked what their contract allows."""


def whole() -> list[Proof]:
    """All of them."""
    one = ONE.evolve(system={"small_memory_bits": 0})
    parts = (guards, cell, settings, pulses, sequencer, window, together)
    return [
        _buses("one", one),
        *(_stream(name, design) for name, design in WHOLES.items()),
        *(
            part(name, design)
            for name, design in WHOLES.items()
            for part in parts
            if part is not cell or not design.capabilities.bistable
        ),
        *(engine(name, design) for name, design in WHOLES.items() if design.capabilities.learns),
        ends("learning", WHOLES["learning"]),
        *(
            placed(name, design, sequencer(name, design))
            for name, design in WHOLES.items()
            if design.system.contexts > 1
        ),
        *(array(name, design, layer) for name, design in WHOLES.items() for layer in LAYERS),
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


def _stream(name: str, design: DesignPoint) -> Proof:
    capabilities, late = design.capabilities, "s_axil_arvalid"
    return Proof(
        f"stream-{name}",
        f"{name}: AXI4-Stream of a whole design, under any back-pressure and with a reset at any time",
        lambda: Remora(design),
        {"answers": stream("m_axis")},
        {
            "answers.stays": Mutant("", {"m_axis_tvalid": f"good_m_axis_tvalid & ~{late}"}),
            "answers.stable": Mutant("", {"m_axis_tdata": f"good_m_axis_tdata ^ {{32{{{late}}}}}"}),
        },
        macros=(*MACROS, "remora_bistable") if capabilities.bistable else MACROS,
        # What the answer is sent, and when, is free.
        cut=(*BLOCKS, "register_block", *(("core_learning",) if capabilities.learns else ())),
        depth=60,
        pinned=True,
        timeout=1200,
    )

"""Proofs about whole small designs: the buses, whatever the host and the macros do."""

from __future__ import annotations

from remora.hdl.crossbar.properties.buffers import ONE
from remora.hdl.crossbar.top import Remora
from remora.hdl.lib.properties.proof import Proof
from remora.hdl.lib.properties.streams import lite, lite_mutants
from remora.spec.crossbar.design import DesignPoint

MACROS = ("remora_crossbar", "remora_memory")


def whole() -> list[Proof]:
    """All of them."""
    one = ONE.evolve(system={"small_memory_bits": 0})
    return [_buses("one", one)]


def _buses(name: str, design: DesignPoint) -> Proof:
    return Proof(
        f"buses-{name}",
        f"{name}: AXI4-Lite of a whole design, under any back-pressure and with a reset at any time",
        lambda: Remora(design),
        {"lite": lite("s_axil")},
        lite_mutants("s_axil", "aclk"),
        macros=MACROS,
        contracts=False,
        depth=40,
        pinned=True,
        timeout=1200,
    )

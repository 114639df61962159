"""Proofs about whole small designs, whatever the host and the core do: what the core is asked, and the buses."""

from __future__ import annotations

from remora.hdl.bmru.properties.designs import ONE
from remora.hdl.bmru.top import BmruRemora
from remora.hdl.lib.properties.proof import Mutant, Proof
from remora.hdl.lib.properties.streams import lite, lite_mutants, stream
from remora.hdl.lib.registers import RegisterBlock
from remora.spec.bmru.design import BmruDesign

CORE, GATE = "remora_bmru_core", "remora_clock_gate"


def whole() -> list[Proof]:
    """All of them."""
    return [
        _registers(),
        _core("bmru-one", ONE),
        _buses("bmru-one", ONE),
    ]


def _registers() -> Proof:
    return Proof(
        "registers-bmru",
        "AXI4-Lite of the BMRU accelerator's registers: each request is answered once, under any back-pressure",
        lambda: RegisterBlock(ONE),
        {"lite": lite("bus_")},
        lite_mutants("bus_"),
    )


def _core(name: str, design: BmruDesign) -> Proof:
    at = "dut.controller.core.macro."
    return Proof(
        f"core-{name}",
        f"{name}: what a whole design asks of its core, with a reset at any time",
        lambda: BmruRemora(design),
        mutants={
            f"{at}one_strobe": Mutant("core_macro", pins={"macro.scan_capture": "% | scan_enable"}),
            f"{at}settle_codes": Mutant("bmru_controller", pins={"sequencer.run": "run", "buffer.programmed": "1'b1"}),
            f"{at}evaluate_settles": Mutant("core_macro", pins={"macro.evaluate": "{%, clear}"}),
            f"{at}clear_apart": Mutant("core_macro", pins={"macro.clear": "% | sample"}),
            f"{at}latch_apart": Mutant("core_macro", pins={"macro.scan_latch": "% | sample"}),
            f"{at}feature_there": Mutant("core_macro", pins={"macro.feature": "% ^ sample"}),
        },
        macros=(CORE, GATE),
        contracts=(CORE,),
        # A load goes through the chain twice before it latches.
        depth=140,
        pinned=True,
        timeout=900,
    )


def _buses(name: str, design: BmruDesign) -> Proof:
    return Proof(
        f"buses-{name}",
        f"{name}: all buses of a whole design on its gated clock, under any back-pressure and with a reset at any time",
        lambda: BmruRemora(design),
        {"lite": lite("s_axil"), "stream": stream("m_axis")},
        {
            **lite_mutants("s_axil", "aclk"),
            "stream.stays": Mutant("", {"m_axis_tvalid": "good_m_axis_tvalid & ~s_axis_tvalid"}),
            "stream.stable": Mutant("", {"m_axis_tdata": "good_m_axis_tdata ^ {32{s_axis_tvalid}}"}),
        },
        macros=(CORE, GATE),
        depth=80,
        pinned=True,
        timeout=900,
    )

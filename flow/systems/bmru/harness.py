"""What stands around the BMRU accelerator in simulation: the check of its clock, and the monitor."""

from __future__ import annotations

from collections.abc import Mapping

from remora.flow.verify.followers import CLOCK
from remora.flow.verify.harness import RESET_N, Harness, beside
from remora.flow.verify.trace_package import trace_package
from remora.hdl.bmru.probes import CORE_USED
from remora.spec.bmru.cycles import AWAKE_AFTER
from remora.spec.bmru.design import BmruDesign
from remora.spec.lib.trace import record_types

MODULES = ("gate_check", "bmru_monitor")
"""The monitor binds itself into the core."""
OFFERS = ("packets_tvalid", "answers_tvalid", *(f"bus_{channel}valid" for channel in ("aw", "w", "b", "ar", "r")))
"""Signals of the harness that say that something is on offer."""


def bmru_harness(design: BmruDesign, probes: Mapping[str, Mapping]) -> Harness:
    """Harness of a design point whose sidecar has these probes."""
    probe = {name: f"dut.{each['path']}" for name, each in probes.items()}
    signals = probe | {
        "clk": CLOCK,
        "reset": f"!{RESET_N}",
        "clock_enable": "clock_enable",
        "asked": " || ".join(OFFERS),
        "busy": " || ".join(probe[name] for name in (*CORE_USED, "core_reset")),
    }
    return Harness(
        watching=(beside("gate_check", signals, {"AWAKE_AFTER": AWAKE_AFTER}),),
        modules=MODULES,
        package=trace_package(record_types(design), {}, {}),
        # Unrolled, the macro's loops over devices double the time of the build.
        arguments=("--unroll-count", "1"),
    )

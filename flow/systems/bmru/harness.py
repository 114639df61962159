"""What stands around the BMRU accelerator in simulation: the check of its clock, and the monitor."""

from __future__ import annotations

from collections.abc import Mapping

from remora.flow.verify.followers import CLOCK
from remora.flow.verify.harness import RESET_N, Harness, beside
from remora.flow.verify.trace_package import trace_package
from remora.hdl.bmru.probes import CORE_USED
from remora.spec.bmru.cycles import AWAKE_AFTER
from remora.spec.bmru.design import CHARGE_BITS, BmruDesign
from remora.spec.lib.trace import record_types

WATCHED = {
    "reset": "reset", "valid": "valid", "state": "state", "winner": "winner", "charge": "charge",
    "candidate": "sampled_candidate", "out": "sampled_output", "feature": "sampled_feature", "frame": "sampled_frame",
}  # fmt: skip
"""Input of the monitor → signal in the model of the core."""
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
    core = probe["core_clock"].rpartition(".")[0]
    watched = {"clk": probe["core_clock"]} | {name: f"{core}.{signal}" for name, signal in WATCHED.items()}
    sizes = {
        "CLASS_BITS": design.network.class_bits,
        "FEATURE_BITS": design.formats.feature_bits,
        "CHARGE_BITS": CHARGE_BITS,
    }
    watching = (
        beside("gate_check", signals, {"AWAKE_AFTER": AWAKE_AFTER}),
        beside("bmru_monitor", watched, sizes),
    )
    return Harness(
        watching=watching,
        modules=tuple(each.name for each in watching),
        package=trace_package(record_types(design), {}, {}),
        # Unrolled, the macro's loops over devices double the time of the build.
        arguments=("--unroll-count", "1"),
    )

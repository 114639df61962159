"""What stands around the BMRU accelerator in simulation: a player of packets, the check of its clock, the monitor."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, cast

from remora.flow.generate.directory import Generated
from remora.flow.tools.simulator import Build
from remora.flow.verify.followers import CLOCK
from remora.flow.verify.harness import RESET_N, Agent, Harness, beside, build_harness_of, inside
from remora.flow.verify.trace_package import trace_package
from remora.hdl.bmru.probes import CORE_USED
from remora.spec.bmru.design import BmruDesign
from remora.spec.lib.trace import record_types

MODULES = ("packet_player", "gate_check", "bmru_monitor")
"""The monitor binds itself into the core."""


def bmru_harness(design: BmruDesign, probes: Mapping[str, str]) -> Harness:
    """Harness of a design point, whose probes are at these paths in the design.

    The packet player starts with ``play``. The check of the clock enable is for so many cycles as a frame is awake.
    """
    probe = {name: f"dut.{path}" for name, path in probes.items()}
    signals = probe | {
        "clk": CLOCK,
        "reset": f"!{RESET_N}",
        "clock_enable": "clock_enable",
        "busy": " || ".join(probe[name] for name in (*CORE_USED, "core_reset")),
    }
    return Harness(
        ports=("input wire play",),
        agent=Agent("remora_packet_player", "agent_", {"play": "play"}),
        watching=(beside("gate_check", signals, {"AWAKE_CYCLES": design.cycles.awake}),),
        modules=MODULES,
        package=trace_package(record_types(design), {}, {}),
    )


def build_bmru_harness(generated: Generated, *, wrapped: Collection[str] = (), **options: Any) -> Build:
    """Build the harness for cocotb: `remora.flow.verify.harness.build_harness_of`, with its options.

    Args:
        wrapped: instances of a mutated netlist that have others in them, which are in ``good`` there.
    """
    probes = {name: inside(probe["path"], wrapped) for name, probe in generated.sidecar["probes"].items()}
    # Unrolled, the macro's loops over devices double the time of the build.
    options["arguments"] = ("--unroll-count", "1")
    return build_harness_of(generated, bmru_harness(cast(BmruDesign, generated.design), probes), **options)

"""What stands around the BMRU core's system in simulation: a player of packets, the check of its clock, the monitor."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from remora.flow.generate.directory import Generated
from remora.flow.tools.build import Waves
from remora.flow.tools.simulator import Build
from remora.flow.tools.verilator import Optimise
from remora.flow.verify.followers import CLOCK
from remora.flow.verify.harness import RESET_N, Agent, Harness, Instance, build_harness_of
from remora.flow.verify.trace_package import trace_package
from remora.hdl.bmru.probes import CORE_USED
from remora.spec.bmru.design import AnalogDesign
from remora.spec.lib.trace import record_types

MODULES = ("packet_player", "gate_check", "bmru_monitor")
"""The monitor binds itself into the core."""


def bmru_harness(design: AnalogDesign, probes: Mapping[str, str]) -> Harness:
    """Harness of a design point, whose probes are at these paths in the design.

    The packet player starts with ``play``. The check of the clock enable is for so many cycles as a frame is awake.
    """
    probe = {name: f"dut.{path}" for name, path in probes.items()}
    gate = {
        "clk": CLOCK,
        "reset": f"!{RESET_N}",
        "clock_enable": "clock_enable",
        "busy": " || ".join(probe[name] for name in (*CORE_USED, "core_reset")),
        **{name: probe[name] for name in ("scanning", "core_reset", "sample", "take", "valid")},
    }
    return Harness(
        ports=("input wire play",),
        agent=Agent("remora_packet_player", "agent_", {"play": "play"}),
        beside=(Instance("remora_gate_check", "gate", gate, {"AWAKE_CYCLES": design.cycles.awake}),),
        modules=MODULES,
        package=trace_package(record_types(design), {}, {}),
    )


def build_analog_harness(
    generated: Generated,
    *,
    waves: Waves | None = None,
    netlist: Path | None = None,
    models: Sequence[Path] | None = None,
    wrapped: Collection[str] = (),
    optimise: Optimise = "run",
) -> Build:
    """Build the harness for cocotb: see `remora.flow.verify.harness.build_harness_of`.

    Args:
        wrapped: instances of a mutated netlist that have others in them, which are in ``good`` there.
    """
    probes = {name: _inside(probe["path"], wrapped) for name, probe in generated.sidecar["probes"].items()}
    # Unrolled, the macro's loops over devices double the time of the build.
    return build_harness_of(
        generated, bmru_harness(generated.design, probes), waves=waves, netlist=netlist, models=models,
        optimise=optimise, arguments=("--unroll-count", "1"),
    )  # fmt: skip


def _inside(path: str, wrapped: Collection[str]) -> str:
    return ".".join(f"{instance}.good" if instance in wrapped else instance for instance in path.split("."))

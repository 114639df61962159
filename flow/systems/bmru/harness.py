"""The simulated top level of an analog design: the generated design, a packet player at its input, and checkers."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from remora.flow.generate.directory import Generated
from remora.flow.tools.build import Waves
from remora.flow.tools.simulator import Build, build, write_source
from remora.flow.tools.verilator import Optimise
from remora.flow.verify.followers import followers, inner_names
from remora.flow.verify.harness import HARNESS, SOURCES, STREAM
from remora.hdl.bmru.probes import CORE_USED

SUPPORT = [SOURCES / f"remora_{name}.sv" for name in ("bmru_monitor", "packet_player", "stream_check", "gate_check")]


def analog_harness_verilog(ports: list[dict], probes: dict[str, str], awake_cycles: int) -> str:
    """Top module with the ports of the design and ``play``, which starts the packet player.

    In it the design as ``dut``, the player, and the checks of the answers' stream and of the clock enable, which is for
    ``awake_cycles`` a frame. The frame monitor binds itself into the core.
    """
    declared = ",\n".join(
        [
            *(f"    {port['direction']} wire [{port['width'] - 1}:0] {port['name']}" for port in ports),
            "    input wire play",
        ]
    )
    inner = inner_names(ports)
    to_design = inner | {f"s_axis_{name}": f"to_s_axis_{name}" for name in STREAM}
    passed = ",\n".join(f"      .{port['name']}({to_design[port['name']]})" for port in ports)
    played = ",\n".join(f"      .agent_{name}({inner[f's_axis_{name}']}), .{name}(to_s_axis_{name})" for name in STREAM)
    checked = ",\n".join(f"      .{name}({inner[f'm_axis_{name}']})" for name in STREAM)
    probe = {name: f"dut.{path}" for name, path in probes.items()}
    used = " || ".join(probe[name] for name in (*CORE_USED, "core_reset"))
    watched = ",\n".join(
        f"      .{name}({probe[name]})" for name in ("scanning", "core_reset", "sample", "take", "valid")
    )
    reset_n = inner["aresetn"]
    return f"""`timescale 1ns / 1ps
module {HARNESS} (
{declared}
);
{followers(ports)}  wire [31:0] to_s_axis_tdata;
  wire [3:0] to_s_axis_tkeep;
  wire to_s_axis_tlast, to_s_axis_tvalid, to_s_axis_tready;
  remora_packet_player player (
      .clk(aclk),
      .aresetn({reset_n}),
      .play(play),
{played}
  );
  remora dut (
{passed}
  );
  remora_stream_check answers (
      .clk(aclk),
      .reset(!{reset_n}),
{checked}
  );
  remora_gate_check #(
      .AWAKE_CYCLES({awake_cycles})
  ) gate (
      .clk(aclk),
      .reset(!{reset_n}),
      .clock_enable(clock_enable),
      .busy({used}),
{watched}
  );
endmodule
"""


def build_analog_harness(
    generated: Generated,
    *,
    waves: Waves | None = None,
    netlist: Path | None = None,
    models: Sequence[Path] | None = None,
    wrapped: Collection[str] = (),
    optimise: Optimise = "run",
) -> Build:
    """Build the harness for cocotb.

    Args:
        netlist, models: in place of the generated ones, for mutated copies (`remora.flow.faults.mutation`).
        wrapped: instances of the mutated netlist that have others in them, which are in ``good`` there.
        optimise: as of ``remora.flow.tools.simulator.build``.
    """
    sidecar, awake_cycles = generated.sidecar, generated.design.cycles.awake
    probes = {name: _place(probe["path"], wrapped) for name, probe in sidecar["probes"].items()}
    text = analog_harness_verilog(sidecar["ports"], probes, awake_cycles)
    sources = [
        netlist or generated.netlist,
        *(models or generated.models),
        *SUPPORT,
        write_source(f"{HARNESS}.sv", text),
    ]
    # Unrolled, the macro's loops over devices double the time of the build.
    arguments = ("--unroll-count", "1")
    return build(sources, HARNESS, name=generated.design.name, waves=waves, arguments=arguments, optimise=optimise)


def _place(path: str, wrapped: Collection[str]) -> str:
    return ".".join(f"{instance}.good" if instance in wrapped else instance for instance in path.split("."))

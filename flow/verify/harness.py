"""The simulated top level: the generated design with the trace monitor beside it, wired by the sidecar's probes."""

from __future__ import annotations

from pathlib import Path

from remora.flow.generate.directory import Generated
from remora.flow.tools.build import Waves
from remora.flow.tools.simulator import Build, build, build_executable, write_source
from remora.flow.tools.verilator import Optimise
from remora.flow.verify.followers import followers, inner_names
from remora.hdl.crossbar.probes import BISTABLE_PROBES, LEARNING_PROBES, PROBES, REPLAY_PROBES
from remora.hdl.crossbar.top import TOP_NAME
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, current_bits, layer_layout
from remora.spec.crossbar.learning import REPLAY_BITS, head_bits, head_label_bits
from remora.spec.lib.fixed import unsigned_width
from remora.spec.lib.packets import Drop

HARNESS = "remora_harness"
SOURCES = Path(__file__).parents[2] / "tb" / "sv"
SUPPORT = [SOURCES / f"remora_{name}.sv" for name in ("monitor", "bulk_source", "stream_check")]
LEARN_MONITOR, OFFER_MONITOR, BISTABLE_MONITOR = (
    SOURCES / f"remora_{name}_monitor.sv" for name in ("learn", "offer", "bistable")
)
SEQUENCE_PORTS = ("reset", "step", "context_index", "plane", "integrate_hidden")
LEARN_MONITOR_PORTS = (*SEQUENCE_PORTS, *LEARNING_PROBES)
OFFER_MONITOR_PORTS = (*SEQUENCE_PORTS, "engine_reset", *(name for name in REPLAY_PROBES if name != "replaying"))
WORD_PORTS = ("wl_pos", "wl_neg")
BISTABLE_MONITOR_PORTS = (*SEQUENCE_PORTS, *WORD_PORTS, "step_done", *BISTABLE_PROBES)
PLAIN_MAIN = Path(__file__).parents[2] / "tb" / "cpp" / "plain.cpp"
BULK_BYTES = 64
STREAM = ("tdata", "tkeep", "tlast", "tvalid", "tready")


def harness_verilog(design: DesignPoint, ports: list[dict], probes: dict[str, dict]) -> str:
    """Top module with the ports of the design and a wide bulk input ``s_bulk``.

    In it the design as ``dut``, the monitor on its probes, and the check of the answers' stream.
    """
    declared = ",\n".join(
        [
            *(f"    {port['direction']} wire [{port['width'] - 1}:0] {port['name']}" for port in ports),
            f"    input wire [{8 * BULK_BYTES - 1}:0] s_bulk_tdata,\n    input wire [{BULK_BYTES - 1}:0] s_bulk_tkeep",
            "    input wire s_bulk_tlast,\n    input wire s_bulk_tvalid,\n    output wire s_bulk_tready",
        ]
    )
    inner = inner_names(ports)
    to_design = inner | {f"s_axis_{name}": f"to_s_axis_{name}" for name in STREAM}
    passed = ",\n".join(f"      .{port['name']}({to_design[port['name']]})" for port in ports)
    bulk = ",\n".join(
        f"      .wide_{name}(s_bulk_{name}), .narrow_{name}({inner[f's_axis_{name}']}), .{name}(to_s_axis_{name})"
        for name in STREAM
    )
    checked = ",\n".join(f"      .{name}({inner[f'm_axis_{name}']})" for name in STREAM)
    parameters = ",\n".join(f"      .{name}({value})" for name, value in _monitor_parameters(design).items())
    # Steps of bistable cells are watched by their own monitor; the other needs nothing of them.
    absent = WORD_PORTS if design.bistable else ()
    watched = ",\n".join(
        f"      .{name}(dut.{probes[name]['path']})"
        if name in probes and name not in absent
        else f"      .{name}({absent_probe(design, name)})"
        for name in PROBES
    )
    reset_n = inner["aresetn"]
    return f"""`timescale 1ns / 1ps
module {HARNESS} (
{declared}
);
{followers(ports)}  wire [31:0] to_s_axis_tdata;
  wire [3:0] to_s_axis_tkeep;
  wire to_s_axis_tlast, to_s_axis_tvalid, to_s_axis_tready;
  remora_bulk_source #(
      .BYTES({BULK_BYTES})
  ) bulk (
      .clk(aclk),
      .aresetn({reset_n}),
{bulk}
  );
  remora dut (
{passed}
  );
  remora_stream_check answers (
      .clk(aclk),
      .reset(!{reset_n}),
{checked}
  );
  remora_monitor #(
{parameters}
  ) monitor (
      .clk(aclk),
      .aresetn({reset_n}),
{watched}
  );{_learn_monitor(design, probes) if design.learning.enabled else ""}{
        _offer_monitor(design, probes) if design.replays else ""
    }
{_bistable_monitor(design, probes) if design.bistable else ""}endmodule
"""


def absent_probe(design: DesignPoint, name: str) -> str:
    """0 for a port of the monitor that the design has nothing for.

    As wide as the port where that may be wide: Verilator refuses an unsized 0 on more than 8,192 bits.
    """
    lanes, formats, hidden = design.cell.lanes, design.formats, layer_layout(design, Layer.HIDDEN)
    widths = {
        "hidden_codes": hidden.columns * hidden.row_tiles * formats.adc_bits,
        "commit_code": lanes * formats.adc_bits,
        "candidate": lanes * (formats.state_bits + 1),
        "state": lanes * (formats.state_bits + 1),
        "accumulators": design.learning_lanes * design.learning.accumulator_bits,
    }
    return f"{widths[name]}'b0" if name in widths else "'0"


def _learn_monitor(design: DesignPoint, probes: dict[str, dict]) -> str:
    """The monitor of learning beside the other."""
    network, learning = design.network, design.learning
    widths = {name: probes[name]["width"] for name in LEARN_MONITOR_PORTS}
    parameters = {
        "ROWS": design.hidden_rows,
        "LANES": design.learning_lanes,
        "HIDDEN": network.hidden,
        "CLASSES": network.classes,
        "STEP_BITS": widths["step"],
        "CONTEXT_BITS": widths["context_index"],
        "PLANE_BITS": widths["plane"],
        "COLUMN_BITS": widths["column"],
        "FOLD_BITS": widths["fold_index"],
        "GRADIENT_BITS": widths["gradients"] // design.learning_lanes,
        "ACCUMULATOR_BITS": learning.accumulator_bits,
        "FEEDBACK_BITS": widths["feedback"],
        "ERROR_BITS": widths["error"] // network.classes,
        "PULSE_BITS": widths["applied"],
    }
    given = ",\n".join(f"      .{name}({value})" for name, value in parameters.items())
    watched = ",\n".join(f"      .{name}(dut.{probes[name]['path']})" for name in LEARN_MONITOR_PORTS)
    # Without accumulators their sum is 0, as golden's.
    accumulators = absent_probe(design, "accumulators")
    if "accumulators" in probes:
        accumulators = f"dut.{probes['accumulators']['path']}"
    replay = "1'b0", "32'b0"
    if design.replays:
        replay = f"dut.{probes['replaying']['path']}", f"32'(dut.{probes['slot']['path']})"
    return f"""
  remora_learn_monitor #(
{given}
  ) learn_monitor (
      .clk(aclk),
{watched},
      .accumulators({accumulators}),
      .replaying({replay[0]}),
      .slot({replay[1]})
  );"""


def _offer_monitor(design: DesignPoint, probes: dict[str, dict]) -> str:
    """The monitor of the reservoir beside the others."""
    widths = {name: probes[name]["width"] for name in OFFER_MONITOR_PORTS}
    parameters = {
        "FEATURES": design.network.features,
        "MAX_STEPS": design.network.max_steps,
        "REPLAY_BITS": REPLAY_BITS,
        "LABEL_BITS": head_label_bits(design),
        "HEAD_BITS": head_bits(design),
        "SLOT_BITS": widths["slot"],
        "ADDRESS_BITS": widths["step_address"],
        "STEP_BITS": widths["step"],
        "CONTEXT_BITS": widths["context_index"],
        "PLANE_BITS": widths["plane"],
    }
    given = ",\n".join(f"      .{name}({value})" for name, value in parameters.items())
    watched = ",\n".join(f"      .{name}(dut.{probes[name]['path']})" for name in OFFER_MONITOR_PORTS)
    return f"""
  remora_offer_monitor #(
{given}
  ) offer_monitor (
      .clk(aclk),
{watched}
  );"""


def _bistable_monitor(design: DesignPoint, probes: dict[str, dict]) -> str:
    """The monitor of bistable cells beside the other."""
    hidden = layer_layout(design, Layer.HIDDEN)
    parameters = {
        "ROWS": hidden.rows,
        "HIDDEN": hidden.columns,
        "ROW_TILES": hidden.row_tiles,
        "CURRENT_BITS": current_bits(design),
        "FRACTION_BITS": design.crossbar.fraction_bits,
        "STEP_BITS": probes["step"]["width"],
        "CONTEXT_BITS": probes["context_index"]["width"],
        "PLANE_BITS": probes["plane"]["width"],
    }
    given = ",\n".join(f"      .{name}({value})" for name, value in parameters.items())
    watched = ",\n".join(f"      .{name}(dut.{probes[name]['path']})" for name in BISTABLE_MONITOR_PORTS)
    return f"""  remora_bistable_monitor #(
{given}
  ) bistable_monitor (
      .clk(aclk),
{watched}
  );
"""


def _monitor_parameters(design: DesignPoint) -> dict[str, int]:
    hidden, readout = (layer_layout(design, layer) for layer in Layer)
    network = design.network
    return {
        # Words of the readout must fit too.
        "HIDDEN_ROWS": max(hidden.rows, readout.rows),
        "HIDDEN": network.hidden,
        "HIDDEN_ROW_TILES": hidden.row_tiles,
        "READOUT_ROWS": readout.rows,
        "READOUT_ROW_TILES": readout.row_tiles,
        "CLASSES": network.classes,
        "LANES": design.cell.lanes,
        "ADC_BITS": design.formats.adc_bits,
        "STATE_BITS": design.formats.state_bits + 1,
        "PLANE_BITS": unsigned_width(design.formats.stream_bits - 1),
        "STEP_BITS": unsigned_width(network.max_steps - 1),
        "CONTEXT_BITS": unsigned_width(design.system.contexts - 1),
        "FOLD_BITS": unsigned_width(design.folds - 1),
        "CLASS_BITS": unsigned_width(network.classes - 1),
        "DROPS": len(Drop),
        **({"STEPS": 0} if design.bistable else {}),
    }


def _sources(generated: Generated, netlist: Path | None) -> list[Path]:
    sidecar = generated.sidecar
    text = harness_verilog(generated.design, sidecar["ports"], sidecar["probes"])
    harness = write_source(f"{HARNESS}.sv", text)
    design = generated.design
    support = [*SUPPORT, *([LEARN_MONITOR] if design.learning.enabled else [])]
    support += [OFFER_MONITOR] if design.replays else []
    support += [BISTABLE_MONITOR] if design.bistable else []
    return [netlist or generated.netlist, *generated.models, *support, harness]


def build_harness(
    generated: Generated, *, waves: Waves | None = None, netlist: Path | None = None, optimise: Optimise = "run"
) -> Build:
    """Build the harness for cocotb; ``netlist`` replaces the generated Verilog (for a mutated copy)."""
    return build(_sources(generated, netlist), HARNESS, name=generated.design.name, waves=waves, optimise=optimise)


def build_plain(generated: Generated) -> Build:
    """Build the bare design with a C++ main; ``tb/cpp/plain.cpp`` says what it takes and prints."""
    sources = [generated.netlist, *generated.models]
    return build_executable(sources, TOP_NAME, PLAIN_MAIN, name=f"{generated.design.name}_plain")

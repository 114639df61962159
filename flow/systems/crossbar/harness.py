"""What stands around the crossbar accelerator in simulation: a bulk source of packets, and monitors of its trace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from remora.flow.generate.directory import Generated
from remora.flow.tools.build import Waves
from remora.flow.tools.simulator import Build, build_executable
from remora.flow.tools.verilator import Optimise
from remora.flow.verify.followers import CLOCK
from remora.flow.verify.harness import RESET_N, STREAM, Agent, Harness, Instance, build_harness_of
from remora.flow.verify.trace_package import trace_package
from remora.hdl.crossbar.top import TOP_NAME
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, layer_layout
from remora.spec.crossbar.learning import head_label_bits
from remora.spec.crossbar.records import NO_SLOT, Event
from remora.spec.lib.trace import record_types

PLAIN_MAIN = Path(__file__).parents[3] / "tb" / "cpp" / "plain.cpp"
BULK_BYTES = 64
SEQUENCE = ("reset", "step", "context_index", "plane", "integrate_hidden")
"""Probes by which every monitor counts sequences."""
WORDLINES = ("wl_pos", "wl_neg")
READOUT_PORTS = (
    *SEQUENCE, "integrate_readout", "readout_wl_pos", "readout_wl_neg", "readout_codes", "push", "scores", "decision",
    "tag", "dropped",
)  # fmt: skip
STEP_PORTS = (
    *SEQUENCE, *WORDLINES, "issue", "hidden_codes", "commit", "commit_fold", "commit_code", "candidate", "state",
    "step_done",
)  # fmt: skip
BISTABLE_PORTS = (*SEQUENCE, *WORDLINES, "step_done", "current", "cell_state")
LEARN_PORTS = (
    *SEQUENCE, "engine_reset", "update", "skipped", "column", "fold_index", "gradients", "accumulators", "feedback",
    "error", "applied", "pulses_dropped", "ended", "learned", "label", "replaying", "slot",
)  # fmt: skip
OFFER_PORTS = (
    *SEQUENCE, "engine_reset", "presented", "slot", "offered", "kept", "store_step", "step_address", "step_word",
    "store_head", "head_address", "head_word",
)  # fmt: skip


def crossbar_harness(design: DesignPoint, probes: Mapping[str, Mapping]) -> Harness:
    """Harness of a design point whose sidecar has these probes."""
    capabilities = design.capabilities
    watched = {name: f"dut.{probe['path']}" for name, probe in probes.items()}
    widths = {name: probe["width"] for name, probe in probes.items()}
    for name, width in absent_probes(design).items():
        if name not in probes:
            # As wide as the port: Verilator refuses an unsized 0 on more than 8,192 bits.
            watched[name], widths[name] = f"{width}'b0", width
    monitors = {
        "monitor": READOUT_PORTS,
        **({"bistable_monitor": BISTABLE_PORTS} if capabilities.bistable else {"step_monitor": STEP_PORTS}),
        **({"learn_monitor": LEARN_PORTS} if capabilities.learns else {}),
        **({"offer_monitor": OFFER_PORTS} if capabilities.replays else {}),
    }
    beside = [
        Instance(f"remora_{name}", name, {"clk": CLOCK, **{port: watched[port] for port in ports}})
        for name, ports in monitors.items()
    ]
    beside[0] = Instance("remora_monitor", "monitor", {"aresetn": RESET_N, **beside[0].ports})
    bulk = {f"wide_{name}": f"s_bulk_{name}" for name in STREAM}
    return Harness(
        ports=(
            f"input wire [{8 * BULK_BYTES - 1}:0] s_bulk_tdata", f"input wire [{BULK_BYTES - 1}:0] s_bulk_tkeep",
            "input wire s_bulk_tlast", "input wire s_bulk_tvalid", "output wire s_bulk_tready",
        ),
        agent=Agent("remora_bulk_source", "narrow_", bulk, {"BYTES": BULK_BYTES}),
        beside=tuple(beside),
        modules=("bulk_source", *monitors),
        package=trace_package(record_types(design), widths, trace_constants(design)),
    )  # fmt: skip


def absent_probes(design: DesignPoint) -> dict[str, int]:
    """Probe of the monitor of learning that a design may lack, and reads as 0 there → its width.

    Without accumulators their sum is 0, as golden's.
    """
    return {"accumulators": design.learning_lanes * design.learning.accumulator_bits, "replaying": 1, "slot": 1}


def trace_constants(design: DesignPoint) -> dict[str, int]:
    """Numbers that the monitors need besides what records and probes say."""
    hidden = layer_layout(design, Layer.HIDDEN)
    return {
        "FEATURES": design.network.features,
        "MAX_STEPS": design.network.max_steps,
        "ROW_TILES": hidden.row_tiles,
        "FRACTION_BITS": design.crossbar.fraction_bits,
        "LEARNING_LANES": design.learning_lanes,
        "HEAD_LABEL_BITS": head_label_bits(design),
        "NO_SLOT": NO_SLOT,
        **{f"EVENT_{event.name}": int(event) for event in Event},
    }


def build_harness(
    generated: Generated,
    *,
    waves: Waves | None = None,
    netlist: Path | None = None,
    models: Sequence[Path] | None = None,
    optimise: Optimise = "run",
) -> Build:
    """Build the harness for cocotb: see `remora.flow.verify.harness.build_harness_of`."""
    harness = crossbar_harness(generated.design, generated.sidecar["probes"])
    return build_harness_of(generated, harness, waves=waves, netlist=netlist, models=models, optimise=optimise)


def build_plain(generated: Generated) -> Build:
    """Build the bare design with a C++ main; ``tb/cpp/plain.cpp`` says what it takes and prints."""
    sources = [generated.netlist, *generated.models]
    return build_executable(sources, TOP_NAME, PLAIN_MAIN, name=f"{generated.design.name}_plain")

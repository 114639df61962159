"""What stands around the crossbar accelerator in simulation: monitors of its trace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from remora.flow.generate.directory import Generated
from remora.flow.tools.simulator import Build, build_executable
from remora.flow.verify.followers import CLOCK
from remora.flow.verify.harness import RESET_N, Harness, beside
from remora.flow.verify.trace_package import trace_package
from remora.hdl.crossbar.probes import BY_TILE, CURRENT, of_tiles
from remora.hdl.lib.verilog import TOP_NAME
from remora.spec.crossbar.column_groups import rounded_rows
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, all_tiles, current_bits, layer_layout
from remora.spec.crossbar.learning import head_label_bits
from remora.spec.crossbar.records import NO_SLOT, Event
from remora.spec.lib.fixed import unsigned_width
from remora.spec.lib.trace import record_types

REAL_DEVICES = "REMORA_REAL_DEVICES"
"""Macro with which the model of a tile is compiled for real devices; without, a build takes half as long."""
SAMPLE_KEY = "sample_key"
"""Module of tb/sv that keys the samples of real devices."""
KEYS = {
    f"{layer}_{name}": f"{layer}_{name}" for layer in ("hidden", "readout") for name in ("keyed", "sequence", "step")
}
"""Its outputs, and the wires of the harness that they drive."""
PLAIN_MAIN = Path(__file__).parents[3] / "tb" / "cpp" / "plain.cpp"


def crossbar_harness(design: DesignPoint, probes: Mapping[str, Mapping]) -> Harness:
    """Harness of a design point whose sidecar has these probes."""
    capabilities = design.capabilities
    watched = watched_signals(design, probes)
    signals = {"clk": CLOCK, "aresetn": RESET_N, **{name: signal for name, (signal, _) in watched.items()}}
    widths = {name: width for name, (_, width) in watched.items()}
    for name, width in absent_probes(design).items():
        if name not in probes:
            # As wide as the port: Verilator refuses an unsized 0 on more than 8,192 bits.
            signals[name], widths[name] = f"{width}'b0", width
    monitors = ["monitor", "bistable_monitor" if capabilities.bistable else "step_monitor"]
    monitors += ["learn_monitor"] * capabilities.learns + ["insert_monitor"] * capabilities.replays
    watching = [beside(name, signals) for name in monitors]
    real = not design.devices.ideal
    if real:
        keyed = beside(SAMPLE_KEY, signals)
        watching.append(replace(keyed, ports={**keyed.ports, **KEYS}))
    return Harness(
        watching=tuple(watching),
        modules=(*monitors, *([SAMPLE_KEY] * real)),
        text=keys_verilog(design, probes) if real else "",
        defines=(REAL_DEVICES,) if real else (),
        package=trace_package(record_types(design), widths, trace_constants(design)),
    )  # fmt: skip


def keys_verilog(design: DesignPoint, probes: Mapping[str, Mapping]) -> str:
    """Wires of the module of keys, and what writes them into the models of the tiles, half a cycle early."""
    widths = {"keyed": 1, "sequence": 32, "step": 16}
    lines = [f"  wire [{widths[name.partition('_')[2]] - 1}:0] {wire};" for name, wire in KEYS.items()]
    lines.append(f"  always @(negedge {CLOCK}) begin")
    for tile in all_tiles(design):
        layer = tile.layer.name.lower()
        # Beside what makes codes of its columns, also in an array that holds a fault.
        path = f"dut.{probes[f'{layer}_codes_0']['path'].rsplit('.', 2)[0]}.{tile.name}"
        for name, variable in (("keyed", "keyed"), ("sequence", "key_sequence"), ("step", "key_step")):
            lines.append(f"    {path}.{variable} = {KEYS[f'{layer}_{name}']};")
    return "\n".join((*lines, "  end", ""))


def watched_signals(design: DesignPoint, probes: Mapping[str, Mapping]) -> dict[str, tuple[str, int]]:
    """What the monitors watch by name: the expression in the harness, and its bits; a bus of tiles is put together, of
    columns that the layer uses."""
    signals = {name: (f"dut.{probe['path']}", probe["width"]) for name, probe in probes.items()}
    for bus in BY_TILE:
        if tiles := of_tiles(bus, probes):
            used = [_used_bits(design, bus, index, tile["width"]) for index, tile in enumerate(tiles)]
            parts = [
                f"dut.{tile['path']}" + (f"[{bits - 1}:0]" if bits < tile["width"] else "")
                for tile, bits in zip(tiles, used, strict=True)
            ]
            signals[bus] = f"{{{', '.join(reversed(parts))}}}", sum(used)
    return signals


def _used_bits(design: DesignPoint, bus: str, index: int, width: int) -> int:
    """Of a tile's part of a bus: a macro with columns that the layer leaves over hands on currents of these too."""
    return current_bits(design) * layer_layout(design, Layer.HIDDEN).tiles[index].columns if bus == CURRENT else width


def absent_probes(design: DesignPoint) -> dict[str, int]:
    """Probe of a monitor that a design may lack, and reads as 0 there → its width.

    Without accumulators their sum is 0, as golden's.
    """
    updated = dict.fromkeys(("updated", "updated_column", "updated_fold", "updated_lane"), 1)
    accumulators = rounded_rows(design) * design.learning.accumulator_bits
    return {
        **updated,
        "accumulators": accumulators,
        "replaying": 1,
        "slot": 1,
        "restarted": 1,
        "deciding": 1,
        "read_out": unsigned_width(design.system.contexts - 1),
    }


def trace_constants(design: DesignPoint) -> dict[str, int]:
    """Numbers that the monitors need besides what records and probes say."""
    hidden = layer_layout(design, Layer.HIDDEN)
    return {
        "FEATURES": design.network.features,
        "MAX_STEPS": design.network.max_steps,
        "ROW_TILES": hidden.row_tiles,
        "FRACTION_BITS": design.crossbar.fraction_bits,
        "CONTEXTS": design.system.contexts,
        "STREAM_BITS": design.formats.stream_bits,
        "READOUT_PLANES": design.readout_planes,
        "EVERY_STEP": int(design.capabilities.reads_every_step),
        "FOLDS": design.folds,
        "LEARNING_LANES": design.learning_lanes,
        "LEARNING_COLUMNS": design.learning.columns,
        "ROUNDED_ROWS": rounded_rows(design),
        "HEAD_LABEL_BITS": head_label_bits(design),
        "NO_SLOT": NO_SLOT,
        **{f"EVENT_{event.name}": int(event) for event in Event},
    }


def build_plain(generated: Generated) -> Build:
    """Build the bare design with a C++ main; ``tb/cpp/plain.cpp`` says what it takes and prints."""
    sources = [generated.netlist, *generated.models]
    return build_executable(sources, TOP_NAME, PLAIN_MAIN, name=f"{generated.design.name}_plain")

"""Proofs about who reads and programs the crossbars: what each of them promises the others.

Sequencer, weight window and arrays are proven each by itself. Each relies on what the others have done before, which
follows where the whole core is put together (`remora.hdl.crossbar.properties.core.together`).
"""

from __future__ import annotations

from remora.hdl.cells.miru_cell import MiruCell
from remora.hdl.crossbar.crossbar_array import CrossbarArray
from remora.hdl.crossbar.properties.core import HERE
from remora.hdl.crossbar.properties.core.flight import flight, inside
from remora.hdl.crossbar.sequencer import Sequencer
from remora.hdl.crossbar.weight_window import WeightWindow
from remora.hdl.learning.properties.updating import answered, lessons, lessons_mutants
from remora.hdl.lib.properties.facts import activity, steady
from remora.hdl.lib.properties.proof import Checker, Mutant, Proof
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, layer_layout
from remora.spec.crossbar.tiles import STRETCH_BITS
from remora.spec.lib.fixed import unsigned_width

LAYERS = {layer.name.lower(): layer for layer in Layer}
STROBES = ("drive", "integrate", "integrator", "sample", "convert", "valid")
STREAMING = {"hidden": "streaming", "readout": "readout_streaming"}
PULSED = ("pulse", "up", "down", "busy", "sensed")
ALWAYS = "1'b1"
NONE, EACH, SOME = 0, 1, 2
"""Which samples are converted."""
_LATE = "reg late = 0; always @(posedge clk) late <= {};"


def pace(design: DesignPoint, layer: str) -> int:
    """Cycles between two samples of a layer, of sequences read at a time; 0 where codes are awaited between them."""
    return design.cycles.pace if layer == "hidden" and design.system.contexts > 1 else 0


def in_time(paced: int, valid: str, ends: str, stretched: str) -> str:
    """Codes are there when a conversion may end, and, where nobody waits for them, when it does unless stretched."""
    may = f"(!{valid} || {ends})"
    return f"{may} && ({stretched} || !{ends} || {valid})" if paced else may


def conversions(design: DesignPoint, layer: str) -> bool:
    """The samples of a layer's steps are converted; those of cells at its bitlines are not."""
    return layer == "readout" or not design.capabilities.bistable


def reading(design: DesignPoint, busy: str, learning: str) -> str:
    """The sequencer reads; while it lets the learning engine have the tiles it does not."""
    return f"{busy} && !{learning}" if design.capabilities.learns else busy


def strobes(
    design: DesignPoint, prefix: str, given: bool, paced: int = 0, converts: int = EACH, **ports: str
) -> Checker:
    """What a reader promises of the strobes ``<prefix>__<strobe>``; ``paced`` as of `pace`; the samples it converts."""
    unused = dict.fromkeys(("charged", "drives", "stretched"), "1'b0")
    connected = {name: f"{prefix}__{name}" for name in STROBES} | unused | ports
    parameters = {"INTEGRATORS": design.crossbar.integrators, "ADC_CYCLES": design.crossbar.adc_cycles}
    parameters |= {"PACE": paced, "CONVERTS": converts, "ALWAYS": int(ports["active"] == ALWAYS)}
    return Checker("strobes_rules", connected, {**parameters, "GIVEN": int(given)}, HERE)


def strobes_of_all(design: DesignPoint, layer: str, prefix: str, given: bool, **ports: str) -> Checker:
    """`strobes` as they reach the array of a layer, from whoever reads it."""
    converts = EACH if conversions(design, layer) else SOME
    return strobes(design, prefix, given, pace(design, layer), converts, active=ALWAYS, charged="1'b1", **ports)


def strobes_of_steps(design: DesignPoint, layer: str, prefix: str, given: bool, **ports: str) -> Checker:
    """`strobes` as the sequencer gives them to a layer."""
    converts = EACH if conversions(design, layer) else NONE
    return strobes(design, prefix, given, pace(design, layer), converts, **ports)


def strobes_mutants(checker: str, prefix: str, active: str, converts: bool = True) -> dict[str, Mutant]:
    """Mutants of `strobes`, whose checker has that name, of the top."""
    signals = {name: f"{prefix}__{name}" for name in STROBES}
    late = _LATE.format(f"good_{signals['sample']}")
    at_rest = {signals["integrate"]: f"good_{signals['integrate']} | ~good_{active}"}
    both = {signals["sample"]: f"good_{signals['sample']} | good_{signals['integrate']}"}
    again = {signals["sample"]: f"good_{signals['sample']} | late"}
    last = signals["convert" if converts else "sample"]
    return {
        f"{checker}.idle": Mutant("", at_rest),
        f"{checker}.leaves": Mutant("", {active: f"good_{active} & ~good_{last}"}),
        f"{checker}.apart": Mutant("", both),
        f"{checker}.converts": Mutant("", {signals["convert"]: "1'b0" if converts else "1'b1"}),
        f"{checker}.waits": Mutant("", again, late)
        if converts
        else Mutant("", {signals["convert"]: f"good_{signals['sample']}"}),
    }


def program(design: DesignPoint, layer: str, given: bool, **ports: str) -> Checker:
    """What who programs a layer promises; ``ports`` are those of the checker that no prefix names."""
    parameters = {"ROWS": design.crossbar.rows, "WORDLINES": layer_layout(design, LAYERS[layer]).rows}
    return Checker("program_rules", ports, {**parameters, "GIVEN": int(given)}, HERE)


def tiles(given: bool, **ports: str) -> Checker:
    """What the tiles of a layer tell."""
    return Checker("tiles_rules", ports, {"GIVEN": int(given)}, HERE)


def ended(design: DesignPoint, given: bool, cell: str, end: str, kept: str = "") -> Checker:
    """When the cell says that a step ends; its strobes and ends are ``<prefix>__<name>``."""
    ports = {name: f"{cell}__{name}" for name in ("issue", "fold", "context_index", "last")}
    ports |= {"valid": f"{end}__valid", "ended_context": f"{end}__context_index", "ended_last": f"{end}__last"}
    parameters = {
        "FOLDS": design.folds, "FOLD_BITS": unsigned_width(design.folds - 1),
        "CONTEXT_BITS": unsigned_width(design.system.contexts - 1), "GIVEN": int(given),
    }  # fmt: skip
    return Checker("ended_rules", {**ports, "kept": kept}, parameters, HERE)


def cell(name: str, design: DesignPoint) -> Proof:
    """When a MiRU cell says that a step ends."""
    return Proof(
        f"cell-{name}",
        f"{name}: the cell ends each step once, after its last units",
        lambda: MiruCell(design),
        {"step": ended(design, False, "control", "ended")},
        {
            "step.comes": Mutant("", {"ended__valid": "good_ended__valid & ~control__issue"}),
            "step.named": Mutant("", {"ended__last": "control__last"}),
        },
        macros=("remora_memory",),
        cut=("miru_lane",),
        quick=name == "one",
    )


def sequencer(name: str, design: DesignPoint) -> Proof:
    """What the sequencer promises of both layers."""
    stretched, bistable = "stretch__convert != 0", design.capabilities.bistable
    reads = reading(design, "busy", "learning__learning")
    checkers = {
        layer: strobes_of_steps(
            design, layer, layer, False, active=reads, ends=f"{layer}_ends", drives=f"{streams}__enable",
            stretched=stretched, occupied=f"{layer}_occupied",
        )
        for layer, streams in STREAMING.items()
    }  # fmt: skip
    checkers["work"] = activity(False, "busy", "run")
    mutants = {"work.begins": Mutant("", {"run": "1'b1"})}
    # A layer converts nothing but what the sequencer asks for while it is busy.
    assumed = {
        f"{layer}_valid": f"!({reads}) || "
        f"({in_time(pace(design, layer), f'{layer}__valid', f'{layer}_ends', stretched)})"
        for layer in LAYERS
        if conversions(design, layer)
    }
    relies = dict.fromkeys(assumed, f"core-{name}")
    earlier = tuple(assumed)
    wires = {f"{layer}_{each}": 1 for layer in LAYERS for each in ("ends", "occupied")}
    for layer in LAYERS:
        mutants |= strobes_mutants(layer, layer, "busy", conversions(design, layer))
    if design.capabilities.learns:
        checkers["lessons"] = lessons(design, False, "learning", active="busy", awaited="awaited")
        wires["awaited"] = 1
        mutants |= lessons_mutants(design, "lessons", "learning")
    if design.capabilities.replays:
        assumed["answered"], relies["answered"] = answered("learning", "awaited"), f"core-{name}"
        earlier = (*earlier, "answered")
    if bistable:
        checkers["cells"] = cells(False, "cell", "busy")
        mutants |= {
            "cells.apart": Mutant("", {"cell__clear": "good_cell__clear | good_cell__settle"}),
            "cells.rests": Mutant("", {"busy": "good_busy & ~good_cell__clear"}),
            "cells.stays": Mutant("", {"busy": "good_busy & ~late"}, _LATE.format("good_cell__settle")),
        }
    else:
        checkers["given"] = ended(design, True, "cell", "ended", "ended_kept")
        assumed["cell"], relies["cell"], earlier = "ended_kept", f"cell-{name}", (*earlier, "cell")
        wires["ended_kept"] = 1
    if pace(design, "hidden"):
        checkers["given_stretch"] = steady(True, "hidden_occupied", "stretch__convert", STRETCH_BITS, "stretch_kept")
        assumed["stretch"], relies["stretch"] = "stretch_kept", f"settings-{name}"
        wires["stretch_kept"] = 1
        checkers["given_flight"] = flight(design, True)
        assumed["flight"], relies["flight"], earlier = "placed", f"flight-{name}", (*earlier, "flight")
        wires["placed"] = 1
    return Proof(
        f"sequencer-{name}",
        f"{name}: the sequencer reads both layers in order, while it is busy, and leaves them empty",
        lambda: Sequencer(design),
        checkers,
        mutants,
        wires=wires,
        assumed=assumed,
        relies=relies,
        earlier=earlier,
        inside=inside(design) if pace(design, "hidden") else {},
        depth=40,
        timeout=600,
    )


def window(name: str, design: DesignPoint) -> Proof:
    """What the weight window promises of both layers."""
    busy, pulse = (" || ".join(f"program_{layer}__{each}" for layer in LAYERS) for each in ("busy", "pulse"))
    commanded = "host__commit || host__read || host__drive || host__convert"
    readers, programmers = {}, {}
    for layer in LAYERS:
        readers[layer] = strobes(
            design, f"probe__{layer}", False, active="host__busy", charged="host__charged",
            drives=f"|{{wordlines__{layer}_pos, wordlines__{layer}_neg}}",
            ends=f"{layer}_ends", gathers=f"{layer}_gathers",
        )  # fmt: skip
        programmers[f"{layer}_program"] = program(
            design, layer, False, active="host__busy", gathers=f"{layer}_gathers",
            **{each: f"probe__{layer}__{each}" for each in ("drive", "integrate", "sample")},
            **{sign: f"wordlines__{layer}_{sign}" for sign in ("pos", "neg")},
            **{each: f"program_{layer}__{each}" for each in PULSED if each != "busy"}, busy=busy,
        )  # fmt: skip
    return Proof(
        f"window-{name}",
        f"{name}: the weight window reads and programs one layer after the other, each by itself",
        lambda: WeightWindow(design),
        {
            **readers,
            **programmers,
            "work": activity(False, "host__busy", commanded),
            "charge": activity(False, "host__charged", "host__drive"),
            # Before the window is at work others may pulse.
            "given_pulses": activity(True, busy, f"{pulse} || !host__busy", "pulses_kept", after_reset=True),
            "given_layer": steady(
                True, f"host__busy || {commanded}", "{host__layer, host__integrator}", 2, "layer_kept"
            ),
        },
        {
            "work.begins": Mutant("", {"host__busy": "1'b1"}),
            "charge.begins": Mutant("", {"host__charged": "good_host__charged | host__read"}),
            **{
                rule: mutant
                for layer in LAYERS
                for rule, mutant in strobes_mutants(layer, f"probe__{layer}", "host__busy").items()
            },
            **{rule: mutant for layer in LAYERS for rule, mutant in _program_mutants(layer).items()},
        },
        wires={**{f"{layer}_{each}": 1 for layer in LAYERS for each in ("ends", "gathers")}, "pulses_kept": 1,
               "layer_kept": 1},
        assumed={
            "pulses": "pulses_kept",
            "layer": "layer_kept",
            "charged": "!(host__charged && !host__busy && (host__commit || host__read))",
            **{f"{layer}_valid": f"!host__busy || !probe__{layer}__valid || {layer}_ends" for layer in LAYERS},
        },
        relies={
            "layer": f"settings-{name}",
            "pulses": f"pulses-{name}",
            **{each: f"core-{name}" for each in ("charged", *(f"{layer}_valid" for layer in LAYERS))},
        },
        earlier=("charged", *(f"{layer}_valid" for layer in LAYERS)),
        depth=40,
        timeout=600,
    )  # fmt: skip


def _program_mutants(layer: str) -> dict[str, Mutant]:
    """Mutants of `program` of a layer, of the window."""
    port, checker = f"program_{layer}__", f"{layer}_program"
    return {
        f"{checker}.sensed_first": Mutant("", {f"{port}sensed": "1'b1"}),
        f"{checker}.one_way": Mutant("", {f"{port}up": f"good_{port}up | good_{port}down"}),
        f"{checker}.empty": Mutant("", {f"{port}pulse": f"good_{port}pulse | good_probe__{layer}__integrate"}),
        f"{checker}.reads_apart": Mutant("", {f"program_{each}__busy": "1'b0" for each in LAYERS}),
        f"{checker}.polarity": Mutant(
            "", {f"wordlines__{layer}_neg": f"good_wordlines__{layer}_neg | good_wordlines__{layer}_pos"}
        ),
    }


def _tile_mutants(tile: str) -> dict[str, Mutant]:
    """Mutants of the rules of a tile, of its array."""
    rules = {
        "read_apart": Mutant("", {"strobes__integrate": "strobes__integrate | good_waits__pulse"}),
        "pulse_apart": Mutant("", {"program__pulse": "program__pulse | late"}, _LATE.format("strobes__integrate")),
        "pulse_waits": Mutant("", {"program__pulse": "program__pulse | good_waits__pulse"}),
        "sample_apart": Mutant("", {"strobes__sample": "strobes__sample | strobes__integrate"}),
        "integrator_there": Mutant("", pins={f"{tile}.integrator": "1'b1"}),
        "sample_waits": Mutant("", {"strobes__sample": "strobes__sample | late"}, _LATE.format("strobes__sample")),
        "convert_waits": Mutant("", {"strobes__convert": "strobes__convert | late"}, _LATE.format("strobes__convert")),
        "column_there": Mutant("", pins={f"{tile}.column": "~%"}),
        "one_way": Mutant("", {"program__down": "program__down | program__up"}),
        "one_polarity": Mutant("", {"wl_neg": "wl_neg | wl_pos"}),
        "silent": Mutant("", pins={f"{tile}.pulse": "1'b1"}),
    }
    return {f"dut.{tile}.{label}": mutant for label, mutant in rules.items()}


def array(name: str, design: DesignPoint, layer: str) -> Proof:
    """The tiles of a layer are asked what their contract allows, where who uses them keeps the promises."""
    pulsed = {each: f"program__{each}" for each in PULSED}
    stretched = "convert_stretch != 0"
    checkers = {
        "reads": strobes_of_all(design, layer, "strobes", True, ends="may_end", stretched=stretched, gathers="gathers",
                                occupied="occupied", kept="reads_kept"),
        "given_stretch": steady(True, "occupied", "convert_stretch", STRETCH_BITS, "stretch_kept"),
        "program": program(design, layer, True, active="1'b1", gathers="gathers", pos="wl_pos", neg="wl_neg",
                           **{each: f"strobes__{each}" for each in ("drive", "integrate", "sample")}, **pulsed,
                           kept="program_kept"),
        "tiles": tiles(False, valid="strobes__valid", ends="may_end", must=f"may_end && !({stretched})",
                       waits="waits__pulse", recovering="recovering",
                       **{each: f"program__{each}" for each in ("pulse", "busy", "sensed")}),
    }  # fmt: skip
    mutants = {
        **_tile_mutants(f"{layer}_tile_0"),
        "tiles.in_time": Mutant("", {"strobes__valid": "good_strobes__valid | strobes__convert"}),
        "tiles.lasts": Mutant("", {"waits__pulse": "good_waits__pulse | strobes__sample"}),
        "tiles.told": Mutant("", {"program__busy": "good_program__busy | strobes__sample"}),
        "tiles.sensed_last": Mutant("", {"program__sensed": "1'b1"}),
    }
    wires = ["may_end", "gathers", "occupied", "reads_kept", "program_kept", "stretch_kept"]
    macros, assumed = ["remora_crossbar"], {"reads": "reads_kept", "program": "program_kept", "stretch": "stretch_kept"}
    relies = {"reads": f"core-{name}", "program": f"core-{name}", "stretch": f"settings-{name}"}
    earlier: tuple[str, ...] = ("reads", "program")
    if not conversions(design, layer):
        control, load = "columns__control", "columns__thresholds__load"
        checkers["given_cells"] = cells(True, control, ALWAYS, "cells_kept")
        checkers["given_loads"] = loads(True, f"{control}__settle", f"{{{load}_high, {load}_low}}", "loads_kept")
        mutants |= _cell_mutants("hidden_cells_0")
        wires += ["cells_kept", "loads_kept"]
        assumed["loads"], relies["loads"] = "loads_kept", f"settings-{name}"
        macros.append("remora_bistable")
        assumed["cells"], relies["cells"], earlier = "cells_kept", f"core-{name}", (*earlier, "cells")
    return Proof(
        f"array-{layer}-{name}",
        f"{name}: the tiles of the {layer} layer are asked what their contract allows",
        lambda: CrossbarArray(design, LAYERS[layer]),
        checkers,
        mutants,
        macros=tuple(macros),
        contracts=tuple(macros),
        wires=dict.fromkeys(wires, 1),
        assumed=assumed,
        relies=relies,
        earlier=earlier,
        depth=40,
        timeout=600,
    )


def cells(given: bool, control: str, active: str, kept: str = "") -> Checker:
    """What cells at the bitlines are asked by strobes ``<control>__<strobe>``."""
    ports = {name: f"{control}__{name}" for name in ("clear", "settle")} | {"active": active, "kept": kept}
    return Checker("cells_rules", ports, {"ALWAYS": int(active == ALWAYS), "GIVEN": int(given)}, HERE)


def loads(given: bool, settle: str, strobes: str, kept: str = "") -> Checker:
    """When thresholds of cells at the bitlines are loaded, by the strobes of the high and the low one."""
    return Checker("loads_rules", {"settle": settle, "loads": strobes, "kept": kept}, {"GIVEN": int(given)}, HERE)


def _cell_mutants(group: str) -> dict[str, Mutant]:
    """Mutants of the rules of cells at the bitlines, of their array."""
    low, high = (f"columns__thresholds__load_{name}" for name in ("low", "high"))
    settled = _LATE.format("columns__control__settle")
    rules = {
        "clear_apart": Mutant("", {"columns__control__clear": "columns__control__clear | columns__control__settle"}),
        "load_apart": Mutant("", {low: f"{low} | late"}, settled),
        "one_load": Mutant("", {low: f"{low} | {high}"}),
        "cell_there": Mutant("", pins={f"{group}.cell_index": "~%"}),
    }
    return {f"dut.{group}.{label}": mutant for label, mutant in rules.items()}

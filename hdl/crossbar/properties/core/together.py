"""Proofs about the core put together: what each block relies on follows from what the others promise.

The blocks themselves are cut. Their promises are proven of each (`remora.hdl.crossbar.properties.core.reading`), most
of them given what the others have done before; so nothing here is taken for granted by what it is to prove.
"""

from __future__ import annotations

from remora.hdl.cells.bistable_cells import THRESHOLDS
from remora.hdl.crossbar.core import Core
from remora.hdl.crossbar.properties.core import HERE
from remora.hdl.crossbar.properties.core.guards import COMMANDS
from remora.hdl.crossbar.properties.core.reading import (
    ALWAYS,
    LAYERS,
    PULSED,
    STREAMING,
    STROBES,
    cells,
    conversions,
    in_time,
    loads,
    pace,
    program,
    reading,
    strobes,
    strobes_of_all,
    strobes_of_steps,
    tiles,
)
from remora.hdl.learning.properties.updating import answered, both, lessons, owners, updates
from remora.hdl.lib.properties.facts import activity, fact, steady
from remora.hdl.lib.properties.proof import Checker, Mutant, Proof
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import layer_layout
from remora.spec.crossbar.tiles import STRETCH_BITS

BLOCKS = (
    "sequencer", "weight_window", "crossbar_array_hidden", "crossbar_array_readout", "sequence_buffer", "decision",
)  # fmt: skip
ASKED = ("draw", "insert", "drawn", "inserted")
"""How the sequencer has the reservoir draw and insert."""
MACROS = ("remora_crossbar", "remora_memory")
_COMMANDED = " || ".join(f"window__{command}" for command in COMMANDS)
_STRETCHED = "stretch__convert != 0"
_BUSY = " || ".join(f"{layer}__program__busy" for layer in LAYERS)


def _inside(design: DesignPoint) -> dict[str, tuple[str, int]]:
    """Ports of the blocks, by block and port."""
    rows = design.crossbar.rows
    signals = {"expired": ("watch.host__expired", 1), "sequencer__busy": ("sequencer.busy", 1)}
    signals |= {f"window_is_{each}": (f"window.host__{each}", 1) for each in ("busy", "charged")}
    signals["sequencer_run"] = ("sequencer.run", 1)
    signals["recovering"] = ("recovery.recovering", 1)
    for layer, streams in STREAMING.items():
        wires = layer_layout(design, LAYERS[layer]).rows
        for strobe in STROBES:
            signals[f"sequencer__{layer}__{strobe}"] = (f"sequencer.{layer}__{strobe}", 1)
            signals[f"window__{layer}__{strobe}"] = (f"window.probe__{layer}__{strobe}", 1)
            signals[f"{layer}__strobes__{strobe}"] = (f"{layer}.strobes__{strobe}", 1)
        for port in PULSED:
            width = rows if port in ("up", "down") else 1
            signals[f"window__{layer}__{port}"] = (f"window.program_{layer}__{port}", width)
            signals[f"{layer}__program__{port}"] = (f"{layer}.program__{port}", width)
        for sign in ("pos", "neg"):
            signals[f"window__{layer}__{sign}"] = (f"window.wordlines__{layer}_{sign}", wires)
            signals[f"{layer}__{sign}"] = (f"{layer}.wl_{sign}", wires)
        signals[f"{layer}__waits"] = (f"{layer}.waits__pulse", 1)
        signals[f"sequencer__{layer}__enable"] = (f"sequencer.{streams}__enable", 1)
    if design.capabilities.learns:
        signals["soft_reset"] = ("learning.reset", 1)
        for name in ("start", "done", "learning", "holding", *(ASKED if design.capabilities.replays else ())):
            signals[f"sequencer__learning__{name}"] = (f"sequencer.learning__{name}", 1)
        for name in ("start", "done", "give_up"):
            signals[f"learner__{name}"] = (f"learning.learner.{name}", 1)
        for name in ("pulse", "sensed", "up", "down"):
            for layer in LAYERS:
                port, width = f"program_{layer}__{name}", rows if name in ("up", "down") else 1
                signals[f"learner__{port}"] = (f"learning.learner.{port}", width)
    if design.capabilities.bistable:
        signals |= {f"sequencer__cell__{name}": (f"sequencer.cell__{name}", 1) for name in ("clear", "settle")}
        signals |= {f"cells__{name}": (f"hidden.columns__control__{name}", 1) for name in ("clear", "settle")}
        signals |= {f"load_{name}": (f"hidden.columns__thresholds__load_{name}", 1) for name in THRESHOLDS}
    return signals


def _promises(design: DesignPoint) -> dict[str, Checker]:
    """What the blocks promise, as checkers whose wires `_kept` names."""
    checkers = {
        "sequencer_work": activity(True, "sequencer__busy", "sequencer_run", "sequencer_work_kept"),
        "window_work": activity(True, "window_is_busy", _COMMANDED, "window_work_kept"),
        "window_charge": activity(True, "window_is_charged", "window__drive", "window_charge_kept"),
    }
    for layer in LAYERS:
        checkers[f"sequencer_{layer}"] = strobes_of_steps(
            design, layer, f"sequencer__{layer}", True, active=_reads(design), drives=f"sequencer__{layer}__enable",
            stretched=_STRETCHED, ends=f"sequencer_{layer}_ends", occupied=f"sequencer_{layer}_occupied",
            kept=f"sequencer_{layer}_kept",
        )  # fmt: skip
        checkers[f"window_{layer}"] = strobes(
            design, f"window__{layer}", True, active="window_is_busy", charged="window_is_charged",
            drives=f"|{{window__{layer}__pos, window__{layer}__neg}}",
            ends=f"window_{layer}_ends", gathers=f"window_{layer}_gathers", kept=f"window_{layer}_kept",
        )  # fmt: skip
        checkers[f"window_{layer}_program"] = program(
            design, layer, True, active="window_is_busy", gathers=f"window_{layer}_gathers",
            **{each: f"window__{layer}__{each}" for each in ("drive", "integrate", "sample", "pos", "neg", *PULSED)}
            | {"busy": _BUSY}, kept=f"window_{layer}_program_kept",
        )  # fmt: skip
    if design.capabilities.bistable:
        checkers["sequencer_cells"] = cells(True, "sequencer__cell", "sequencer__busy", "sequencer_cells_kept")
    if design.capabilities.learns:
        checkers["sequencer_lessons"] = lessons(
            design,
            True,
            "sequencer__learning",
            active="sequencer__busy",
            awaited="awaited",
            kept="sequencer_lessons_kept",
        )
    checkers = _all_in_core(design, checkers)
    if design.capabilities.learns:
        # No soft reset reaches the engine.
        checkers["engine_updates"] = updates(
            design, True, "learner__", _BUSY, working="working", kept="engine_updates_kept"
        )
    return checkers


def _reads(design: DesignPoint) -> str:
    return reading(design, "sequencer__busy", "sequencer__learning__learning")


def _arrays(design: DesignPoint, given: bool) -> dict[str, Checker]:
    """What the arrays tell, and the strobes that reach them."""
    checkers = {}
    for layer in LAYERS:
        checkers[f"{layer}_tells"] = tiles(
            True, valid=f"{layer}__strobes__valid", ends=f"{layer}_ends", must=f"{layer}_ends && !({_STRETCHED})",
            waits=f"{layer}__waits", recovering="recovering",
            **{each: f"{layer}__program__{each}" for each in ("pulse", "busy", "sensed")},
            kept=f"{layer}_tells_kept",
        )  # fmt: skip
        checkers[f"{layer}_strobes"] = strobes_of_all(
            design, layer, f"{layer}__strobes", given, stretched=_STRETCHED, ends=f"{layer}_ends",
            gathers=f"{layer}_gathers", occupied=f"{layer}_occupied",
        )  # fmt: skip
    return _all_in_core(design, checkers)


def _all_in_core(design: DesignPoint, checkers: dict[str, Checker]) -> dict[str, Checker]:
    """The same, reset as the blocks of the core are."""
    # A core that learns ends what it must end before.
    reset = "rst || soft_reset" if design.capabilities.learns else "rst || abort || expired"
    return {
        name: Checker(checker.module, {**checker.ports, "rst": reset}, checker.parameters, checker.folder)
        for name, checker in checkers.items()
    }


def _guards(design: DesignPoint) -> dict[str, Checker]:
    """What software may do, as the ports of the core see it."""
    loading = design.capabilities.bistable
    halted = "(halted && !window__busy)"
    fields = {"window__layer": 1, "window__integrator": 1, "stretch__convert": STRETCH_BITS}
    ports = {
        "guard_halted": halted, "guard_commands": f"{halted} && window__selection_valid", "run": "run",
        "abort": "abort", "guard_discharged": "!window__charged",
        "commands": f"{{{', '.join(f'window__{each}' for each in COMMANDS)}}}",
        "charged_command": "window__commit || window__read", "fields": f"{{{', '.join(fields)}}}",
        "loads": f"{{{', '.join(f'cell__{name}_write' for name in THRESHOLDS)}}}" if loading else "2'd0",
        "guard_loads": f"{halted} && cell__unit_valid" if loading else "1'b0", "kept": "software_kept",
    }  # fmt: skip
    parameters = {
        "COMMANDS": len(COMMANDS),
        "LOADS": int(loading),
        "FIELDS": sum(fields.values()),
        "GIVEN": 1,
    }
    return {"software": Checker("guards_rules", ports, parameters, HERE)}


def _proof(name: str, design: DesignPoint, proof: str, subject: str, checkers: dict[str, Checker], **fields) -> Proof:
    """A proof about the core put together, given what blocks and software promise."""
    promises = _promises(design)
    given = {f"{each}_kept": each for each in (*promises, *(f"{layer}_tells" for layer in LAYERS), "software")}
    sources = {
        **{f"{each}_kept": f"{each.partition('_')[0]}-{name}" for each in promises},
        **{f"{layer}_tells_kept": f"array-{layer}-{name}" for layer in LAYERS},
        "software_kept": f"guards-{name}",
    }
    return Proof(
        f"{proof}-{name}",
        f"{name}: {subject}",
        lambda: Core(design),
        {**promises, **_guards(design), **checkers},
        macros=(*MACROS, "remora_bistable") if design.capabilities.bistable else MACROS,
        cut=(
            *BLOCKS,
            "result_slots",
            "answer",
            *(() if design.capabilities.bistable else ("miru_cell",)),
            # What gives up an update has a reset wait.
            *(("learning_engine", "memory_window") if design.capabilities.learns else ("macro_watch",)),
            *(("index_unit", "replay_quantiser") if design.capabilities.replays else ()),
        ),
        inside=_inside(design),
        wires={
            **dict.fromkeys(given, 1),
            **{f"{of}{layer}_ends": 1 for layer in LAYERS for of in ("", "sequencer_", "window_")},
            **{f"{of}{layer}_gathers": 1 for layer in LAYERS for of in ("", "window_")},
            **{f"{of}{layer}_occupied": 1 for layer in LAYERS for of in ("", "sequencer_")},
            **(dict.fromkeys(("working", "awaited"), 1) if design.capabilities.learns else {}),
        },
        assumed={each: each for each in given},
        relies=sources,
        # What is drawn comes late.
        depth=80 if design.capabilities.replays else 60,
        timeout=600,
        **fields,
    )


def settings(name: str, design: DesignPoint) -> Proof:
    """What is set stays while it is used. Of what the blocks do, only what they did before is given."""
    occupied = {layer: f"{layer}_occupied" for layer in LAYERS}
    if pace(design, "hidden"):
        occupied["sequencer"] = "sequencer_hidden_occupied"
    checkers = {
        **_arrays(design, True),
        "layer": steady(False, f"window_is_busy || {_COMMANDED}", "{window__layer, window__integrator}", 2),
        **{
            f"{each}_stretch": steady(False, active, "stretch__convert", STRETCH_BITS)
            for each, active in occupied.items()
        },
    }
    mutants = {}
    if design.capabilities.bistable:
        checkers["loads"] = loads(False, "cells__settle", "{load_high, load_low}")
        mutants = {
            "loads.one": Mutant("", pins={"hidden.columns__thresholds__load_low": "1'b1"}),
            "loads.apart": Mutant("", {"halted": "1'b1"}),
        }
    return _proof(
        name, design, "settings", "settings stay while they are used", _all_in_core(design, checkers),
        mutants={
            **mutants,
            "layer.steady": Mutant("", {"window__busy": "1'b0"}),
            **{f"{each}_stretch.steady": Mutant("", {"halted": "1'b1"}) for each in occupied},
        },
        # Cells at the bitlines are loaded at once, while the sequencer does not let them settle.
        earlier=tuple(
            f"{each}_kept"
            for each in (*_promises(design), *(f"{layer}_tells" for layer in LAYERS))
            if each != "sequencer_cells"
        ),
    )  # fmt: skip


def pulses(name: str, design: DesignPoint) -> Proof:
    """When tiles are busy. Of what others than the arrays do, only what they did before is given."""
    launched = " || ".join(f"window__{layer}__pulse" for layer in LAYERS)
    checkers = {
        **_arrays(design, True),
        "pulses": activity(False, _BUSY, f"{launched} || !window_is_busy", after_reset=True),
    }
    checkers = _all_in_core(design, checkers)
    mutants = {"pulses.begins": Mutant("recovery", {"recovering": "good_recovering | cycles[0]"})}
    if design.capabilities.learns:
        free = "!(working || learner__start) || learner__done"
        checkers["updates"] = owners(False, both("{}__program__busy"), both("learner__program_{}__pulse"), free)
        mutants["updates.owned"] = mutants["pulses.begins"]
    return _proof(
        name, design, "pulses", "tiles are busy after pulses alone", checkers, mutants=mutants,
        earlier=tuple(f"{each}_kept" for each in _promises(design)),
    )  # fmt: skip


def together(name: str, design: DesignPoint) -> Proof:
    """What reaches the arrays keeps their rules, and what reaches sequencer and window is what these rely on."""
    checkers = {
        **_arrays(design, False),
        "charged": fact("window_is_charged && !window_is_busy", "!(window__commit || window__read)"),
    }
    for layer in LAYERS:
        checkers[f"{layer}_program"] = program(
            design, layer, False, active=ALWAYS, gathers=f"{layer}_gathers", pos=f"{layer}__pos", neg=f"{layer}__neg",
            **{each: f"{layer}__strobes__{each}" for each in ("drive", "integrate", "sample")},
            **{each: f"{layer}__program__{each}" for each in PULSED if each != "busy"}, busy=_BUSY,
        )  # fmt: skip
        for reader, busy in {"sequencer": _reads(design), "window": "window_is_busy"}.items():
            if reader == "sequencer" and not conversions(design, layer):
                continue
            paced = pace(design, layer) if reader == "sequencer" else 0
            valid, ends = f"{reader}__{layer}__valid", f"{reader}_{layer}_ends"
            seen = f"({valid} || {ends})" if paced else valid
            checkers[f"{reader}_{layer}_valid"] = fact(f"{seen} && {busy}", in_time(paced, valid, ends, _STRETCHED))
    mutants = {"charged.holds": Mutant("", {"window__charged": "1'b0"})}
    if design.capabilities.learns:
        checkers["alone"] = fact("learner__start", "!working")
        checkers["rested"] = fact("learner__start", f"!({_BUSY})")
        mutants |= dict.fromkeys(("alone.holds", "rested.holds"), Mutant("", pins={"learning.control__start": "1'b1"}))
    if design.capabilities.replays:
        prefix = "sequencer__learning"
        checkers["answered"] = fact(f"{prefix}__drawn || {prefix}__inserted", answered(prefix, "awaited"))
        mutants["answered.holds"] = Mutant("", pins={"sequencer.learning__drawn": "1'b1"})
    if design.capabilities.bistable:
        checkers["cells"] = cells(False, "cells", ALWAYS)
    return _proof(
        name, design, "core", "one reads or programs the tiles at a time, whatever software asks and packets bring",
        _all_in_core(design, checkers),
        mutants={
            **mutants,
            **{rule: mutant for layer in LAYERS for rule, mutant in _mutants(layer, design).items()},
        },
    )  # fmt: skip


def _mutants(layer: str, design: DesignPoint) -> dict[str, Mutant]:
    """Mutants of what reaches an array; with most of them the sequencer runs while the window is at work."""
    converts = conversions(design, layer)
    both = Mutant("", pins={"sequencer.run": "1'b1"})
    rules = {f"{layer}_strobes.{rule}": both for rule in ("apart", "waits")}
    rules |= {f"{layer}_program.{rule}": both for rule in ("empty", "reads_apart", "polarity")}
    if converts:
        rules[f"sequencer_{layer}_valid.holds"] = Mutant("", pins={f"sequencer.{layer}__valid": "1'b1"})
    else:
        rules |= {
            "cells.apart": Mutant("", pins={"hidden.columns__control__clear": "1'b1"}),
        }
    return rules | {
        f"{layer}_strobes.converts": Mutant("", pins={f"{layer}.strobes__convert": f"1'b{int(not converts)}"}),
        f"{layer}_program.sensed_first": Mutant("", pins={f"{layer}.program__pulse": "1'b1"}),
        f"{layer}_program.one_way": Mutant("", pins={f"{layer}.program__up": "~0"}),
        f"window_{layer}_valid.holds": Mutant("", pins={f"window.probe__{layer}__valid": "1'b1"}),
    }

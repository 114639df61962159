"""What a run of sequences through a crossbar accelerator shows of the plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from remora.flow.systems.crossbar.run import CrossbarCase
from remora.flow.systems.crossbar.stimulus import NO_LABEL, Stimulus
from remora.flow.verify.run import Found
from remora.spec.crossbar.counters import Counter
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, all_tiles, layer_layout
from remora.spec.crossbar.records import INSERT, LEARN, NO_SLOT, READOUT, STEP
from remora.spec.crossbar.spares.spare_map import IDLE, SpareMap
from remora.spec.devices.section import IDEAL_VALUES, NON_IDEALITIES
from remora.spec.lib.packets import Flag
from remora.tb.lib.coverage import cover

ASKED = {
    int(Flag.INFER): "infer",
    int(Flag.LEARN | Flag.LABEL_VALID): "learn",
    int(Flag.LEARN | Flag.INFER | Flag.LABEL_VALID): "both",
}
FULL_GATE = 256
RULES, PAIRS = ("accumulate", "direct"), ("canonical", "reference")
"""Of Remora itself; those of other packages are not in the plan."""


def sample_sequences(case: CrossbarCase, found: Found) -> None:
    """Sample a run in which everything agreed."""
    design, stimulus, stalled = case.design, case.stimulus, found.stalled
    _shape(case, design)
    _packets(design, stimulus, stalled)
    _inference(design, stimulus, found)
    if design.capabilities.bistable:
        _bistable(design, found)
    _contexts(design, stimulus, found)
    if stimulus.learns.any():
        _learning(design, found)
        if design.capabilities.replays:
            _replay(design, stimulus, found)
    if design.capabilities.heals:
        _healing(stimulus, found)
    if not design.devices.ideal:
        _devices(case, design, stimulus)
    if design.capabilities.spares:
        _spares(design, stimulus)
    if design.capabilities.gains:
        for gain in (stimulus.coefficients.hidden_gain, stimulus.coefficients.readout_gain):
            cover("gains", gain=gain, learns=bool(stimulus.learns.any()))


def _own(name: str, names: tuple[str, ...]) -> str | None:
    return name if name in names else None


def _spares(design: DesignPoint, stimulus: Stimulus) -> None:
    spares = stimulus.spares_in_use or SpareMap.idle(design)
    for tile, columns in zip(all_tiles(design), spares.columns, strict=True):
        if any(column != IDLE for column in columns):
            rule = _own(design.learning.update, RULES) if stimulus.learns.any() else None
            cover("spares", layer=tile.layer, devices=_kind(design), rule=rule)


def _kind(design: DesignPoint) -> str:
    return "ideal" if design.devices.ideal else "real"


def _shape(case: CrossbarCase, design: DesignPoint) -> None:
    for layer in Layer:
        layout = layer_layout(design, layer)
        tile = layout.tiles[0]
        cover(
            "tiles", layer=layer, row_tiles=layout.row_tiles, column_tiles=layout.column_tiles,
            macros="larger" if (tile.macro_rows, tile.macro_columns) != (tile.rows, tile.columns) else "fit",
        )  # fmt: skip
    folds = -(-design.network.hidden // design.cell.lanes)
    images = "images" if case.images is not None else "window"
    cover("tiles", folds=folds, start=images if design.devices.ideal else "chip")


def _packets(design: DesignPoint, stimulus: Stimulus, stalled: bool) -> None:
    for flags, label in {
        (int(flags), int(label)) for flags, label in zip(stimulus.flags, stimulus.labels, strict=True)
    }:
        asked = ASKED.get(flags & ~Flag.LABEL_VALID if not flags & Flag.LEARN else flags)
        cover("packets", asked=asked, label=label != NO_LABEL, stall=stalled, learner=design.capabilities.learns)
    for bad in stimulus.bad:
        cover(
            "packets", cause=bad.cause, stall=stalled, learner=design.capabilities.learns,
            hole=bad.keep is not None,
        )  # fmt: skip


def _inference(design: DesignPoint, stimulus: Stimulus, found: Found) -> None:
    every, longest = design.capabilities.reads_every_step, design.network.max_steps
    cell = "bistable" if design.capabilities.bistable else "miru"
    for length in set(stimulus.lengths.tolist()):
        position = "one" if length == 1 else "most" if length == longest else "between"
        cover("inference", length=position, stall=found.stalled, readout="every" if every else "last", cell=cell)
    if not found.records:
        return
    readouts, steps = found.records[READOUT], found.records[STEP]
    best = readouts["scores"].max(axis=1, keepdims=True, initial=-(1 << 15))
    for tied in _unique((readouts["scores"] == best).sum(axis=1) > 1):
        cover("inference", tie=tied)
    for decision in set(readouts["decision"].tolist()):
        cover("inference", decided=_position(decision, design.network.classes))
    if design.capabilities.bistable:
        return
    limit = design.formats.adc_limit
    for layer, records in ((Layer.HIDDEN, steps), (Layer.READOUT, readouts)):
        for code in _ends(records["codes"], -limit, limit):
            cover("inference", layer=layer, code=code)
    for sign in _unique(np.sign(steps["state"])):
        cover("inference", state=("zero", "positive", "negative")[int(sign)])
    cover("inference", words="saturate" if found.counters[Counter.WORD_SATURATIONS] else "fit")
    gates = stimulus.coefficients
    cover("inference", reset_gate=_gate(gates.reset), update_gate=_gate(gates.update))


def _position(index: int, count: int) -> str:
    return "first" if index == 0 else "last" if index == count - 1 else "between"


def _gate(value: int) -> str:
    return {0: "closed", FULL_GATE: "open"}.get(value, "between")


def _unique(values: NDArray) -> list:
    return np.unique(values).tolist()


def _ends(values: NDArray, low: int, high: int) -> Iterator[str]:
    """Which of these kinds there are among values."""
    seen: Mapping[str, NDArray] = {
        "low": values <= low, "high": values >= high, "zero": values == 0, "inside": (values > low) & (values < high),
    }  # fmt: skip
    return (name for name, where in seen.items() if where.any())


def _bistable(design: DesignPoint, found: Found) -> None:
    steps = found.records.get(STEP)
    if steps is None:
        return
    order = np.lexsort((steps["step"], steps["sequence"]))
    states = steps["state"][order].astype(bool)
    before = np.vstack((states[:1], states[:-1]))
    # Cells are cleared when a sequence starts.
    before[steps["step"][order] == 0] = False
    for moved, name in (
        (~before & states, "set"), (before & ~states, "reset"), (before & states, "held"), (~before & ~states, "stays"),
    ):  # fmt: skip
        if moved.any():
            cover("bistable", cell=name, stall=found.stalled)
    rows = layer_layout(design, Layer.HIDDEN).row_tiles
    cover("bistable", row_tiles=rows, integrators=design.crossbar.integrators)


def _contexts(design: DesignPoint, stimulus: Stimulus, found: Found) -> None:
    every = design.capabilities.reads_every_step
    learns = bool(stimulus.learns.any())
    cover(
        "contexts", count=design.system.contexts, integrators=design.crossbar.integrators, stall=found.stalled,
        learns=learns, readout="every" if every else "last",
    )  # fmt: skip
    if design.capabilities.interleaves:
        for name in ("INPUT", "OUTPUT", "CONVERTER"):
            if found.counters[Counter[f"{name}_WAIT_CYCLES"]]:
                cover("contexts", waits_for=name.lower())


def _learning(design: DesignPoint, found: Found) -> None:
    learning, counters = design.learning, found.counters
    common = {
        "rule": _own(learning.update, RULES), "pair": _own(design.crossbar.pair, PAIRS), "devices": _kind(design),
        "winners": "all" if learning.winners == "all" else "some", "stall": found.stalled,
        "contexts": design.system.contexts, "columns": learning.columns,
        "lanes": "folded" if design.learning_folds > 1 else "all",
        "map": design.capabilities.compensates, "verified": design.capabilities.verifies_learning,
        "bias": design.crossbar.bias, "readout": design.network.readout,
    }  # fmt: skip
    cover("learning", **common)
    for layer in Layer:
        for name, became in (("PULSES", "applied"), ("PULSES_DROPPED", "dropped")):
            if counters[Counter[f"{name}_{layer.name}"]]:
                cover("learning", layer=layer, pulses=became, rule=_own(learning.update, RULES))
    if design.capabilities.verifies_learning:
        cover("verified_learning", reads=learning.verify_reads, given_up=counters[Counter.GIVEN_UP] > 0)
    records = found.records.get(LEARN)
    if records is not None and len(records):
        for field in ("error", "feedback"):
            for sign in _unique(np.sign(records[field])):
                cover("learning", **{field: ("zero", "positive", "negative")[int(sign)]})
        for label in _unique(records["label"]):
            cover("learning", label=_position(int(label), design.network.classes))


def _replay(design: DesignPoint, stimulus: Stimulus, found: Found) -> None:
    rule, capacity = _own(design.learning.update, RULES), design.learning.replay_capacity
    ratios = [design.learning.replay_ratio] if not stimulus.commands or stimulus.commands[0].before else []
    for ratio in {*ratios, *(command.ratio for command in stimulus.commands)}:
        cover("replay", ratio=ratio, rule=rule, stall=found.stalled)
    for command in stimulus.commands:
        cover("replay", frozen=command.freeze, cleared=command.clear)
    if not found.records:
        return
    inserted = found.records[INSERT]
    accepted, room = inserted["slot"] != NO_SLOT, inserted["presented"] <= capacity
    for where, name in (
        (accepted & room, "fills"), (accepted & ~room, "replaces"), (~accepted & ~room, "refused"),
        (~accepted & room, "frozen"),
    ):  # fmt: skip
        if where.any():
            cover("replay", insertion=name, rule=rule)
    slots = found.records[LEARN]["slot"]
    for slot in set(slots[slots != NO_SLOT].tolist()):
        cover("replay", slot="only" if capacity == 1 else _position(slot, capacity))


def _healing(stimulus: Stimulus, found: Found) -> None:
    asked = stimulus.heal + sum(command.heal for command in stimulus.commands)
    healed = found.counters[Counter.HEALED]
    cover("healing", asked=asked, healed=healed > 0, stall=found.stalled)


def _devices(case: CrossbarCase, design: DesignPoint, stimulus: Stimulus) -> None:
    given, learns = design.devices.resolved(), bool(stimulus.learns.any())
    for name, fields in NON_IDEALITIES.items():
        # A field that several share says nothing of one of them.
        own = [each for each in fields if sum(each in other for other in NON_IDEALITIES.values()) == 1]
        if any(given[each] != IDEAL_VALUES[each] for each in own or fields):
            cover("devices", effect=name, use="learn" if learns else "infer")
    cover(
        "devices", aged=stimulus.age > 0, pair=_own(design.crossbar.pair, PAIRS), contexts=design.system.contexts,
        readout=design.network.readout, map=design.capabilities.compensates,
    )  # fmt: skip
    ended = case.reference.programmed
    if ended is not None:
        for each in ended:
            cover("programming", verified=not each.mismatches, budget=design.crossbar.verify_pulses)

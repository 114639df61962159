"""The third reading of a stimulus, as records that a comparison understands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from remora.flow.systems.crossbar.chip_files import STATE
from remora.flow.systems.crossbar.devices import fresh_devices, programs_devices
from remora.flow.systems.crossbar.reading.devices import RealLayer
from remora.flow.systems.crossbar.reading.inference import Network
from remora.flow.systems.crossbar.reading.learning import LAYERS
from remora.flow.systems.crossbar.reading.point import Point
from remora.flow.systems.crossbar.reading.stream import Chip, Happened
from remora.flow.systems.crossbar.stimulus import Stimulus
from remora.flow.verify.records import ANSWER, answer_records
from remora.golden.devices.chip import NUMBERS
from remora.golden.devices.chip import Chip as MadeChip
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.records import INSERT, LEARN, READOUT, STEP
from remora.spec.lib.packets import Answer, Flag
from remora.spec.lib.trace import record_types

PLANE = 256
"""What a plane weighs that does not err. Rule D15."""
COUNTED = {
    **{name: name for name in ("codes", "adc_saturations", "word_saturations", "steps", "sequences")},
    **{name: name for name in ("learned", "replayed", "accepted", "healed")},
    **{f"pulses_{layer}": f"{layer}_applied" for layer in LAYERS},
    **{f"pulses_dropped_{layer}": f"{layer}_dropped" for layer in LAYERS},
    **{f"devices_{layer}": f"{layer}_devices" for layer in LAYERS},
}
"""Counter of the hardware → count of `Chip`."""


@dataclass(frozen=True)
class Third:
    """What the third reading says of a run.

    Attributes:
        records: by kind, in the order of the trace; of ``answer`` too. ``counters``: by name.
        states: records of all that is learnt, by the index of the sequence before which.
    """

    records: dict[str, NDArray]
    counters: dict[str, int]
    states: dict[int, dict[str, NDArray]]


def reads(design: DesignPoint, stimulus: Stimulus) -> bool:
    """Whether the third reading knows all that a run does: of real devices neither spare columns, nor what the weight
    window programs, nor what it reads before further updates read too."""
    if design.devices.ideal:
        return True
    window = programs_devices(design, stimulus) or (stimulus.readbacks and design.capabilities.verifies_learning)
    return not (window or design.capabilities.spares)


def third_reading(design: DesignPoint, stimulus: Stimulus, points: Iterable[int] = ()) -> Third:
    """Read the stimulus a third time, of a design point that `reads` says can be read.

    Args:
        points: indices of sequences before which, and the number of sequences at whose end, all that is learnt is told.
    """
    chip, points = Chip(design.model_dump(mode="json"), _network(design, stimulus)), set(points)
    if not design.devices.ideal:
        chip.first = stimulus.first_place
    commands = {command.before: command for command in stimulus.commands}
    answers: list[Answer] = []
    states: dict[int, dict[str, NDArray]] = {}
    given = (stimulus.lengths.tolist(), stimulus.labels.tolist(), stimulus.tags.tolist(), stimulus.flags.tolist())
    for index, (length, label, tag, flags) in enumerate(zip(*given, strict=True)):
        if index in points:
            states[index] = _state(design, chip)
        if command := commands.get(index):
            chip.command(command.ratio, command.freeze, command.clear)
            chip.heal(command.heal)
        learn = bool(flags & Flag.LEARN)
        one = chip.sequence(stimulus.features[index, :length].tolist(), tag=tag, label=label, learn=learn)
        answers += _answer(one, flags) if flags & Flag.INFER else []
    chip.heal(stimulus.heal)
    if len(stimulus) in points:
        states[len(stimulus)] = _state(design, chip)
    records = _records(design, chip.happened) | {ANSWER: answer_records(design.network.classes, answers)}
    chip.counts["sequences"] = int(stimulus.answered.sum())
    return Third(records, {name: chip.counts[count] for name, count in COUNTED.items()}, states)


def _network(design: DesignPoint, stimulus: Stimulus) -> Network:
    weights, gates = stimulus.weights, stimulus.coefficients
    network = Network(weights.hidden.tolist(), weights.readout.tolist(), (), gates.reset, gates.update)
    if weights.thresholds is not None:
        network.thresholds = weights.thresholds.tolist()
    if design.crossbar.gain:
        network.hidden_gain, network.readout_gain = gates.hidden_gain, gates.readout_gain
    if not design.devices.ideal:
        _put_devices(design, stimulus, network)
    return network


def _put_devices(design: DesignPoint, stimulus: Stimulus, network: Network) -> None:
    """The chip as it was made and programmed, and as it has aged: what it was made with are plain numbers."""
    state = stimulus.devices or fresh_devices(design, stimulus.weights, stimulus.spares)
    chip, point = MadeChip.of(design, state.spares), Point.of(design.model_dump(mode="json"))
    model, layers = asdict(chip.model), []
    for number, (made, held) in enumerate(zip(chip.layers, state.layers, strict=True)):
        numbers = {name: getattr(made, name).tolist() for name in NUMBERS}
        numbers |= {name: getattr(held, name).tolist() for name in STATE}
        marked = np.zeros(held.p.shape, bool) if held.marked is None else held.marked
        numbers |= {"marked": marked.tolist(), "offset": made.offset.tolist(), "gain": made.gain.tolist()}
        numbers["planes"] = (made.planes - PLANE).tolist()
        tiles = (point.hidden_tiles, point.readout_tiles)[number]
        real = RealLayer(point, number, tiles, model, numbers, design.crossbar.columns)
        real.probes = state.probes[number]
        if stimulus.age:
            real.age(stimulus.age, state.ageings + 1)
        layers.append(real)
    network.chip = layers[0], layers[1]
    if design.crossbar.calibrate_offsets and state.offsets is not None:
        network.corrections = tuple(each.tolist() for each in state.offsets)


def _answer(one: Happened, flags: int) -> list[Answer]:
    readouts = one.passed.readouts
    return [
        Answer(one.tag, each.decision, Flag(flags), tuple(each.scores), last=each is readouts[-1]) for each in readouts
    ]


def _records(design: DesignPoint, happened: list[Happened]) -> dict[str, NDArray]:
    rows: dict[str, list[dict[str, Any]]] = {kind: [] for kind in (STEP, READOUT, LEARN, INSERT)}
    for sequence, one in enumerate(happened):
        for number, step in enumerate(one.passed.steps):
            rows[STEP].append({"sequence": sequence, "step": number} | vars(step))
        for readout in one.passed.readouts:
            rows[READOUT].append({"sequence": sequence, "tag": one.tag} | vars(readout))
        if learnt := one.learnt:
            applied, dropped = (sum(each[name] for each in learnt.pulses.values()) for name in ("applied", "dropped"))
            told = {"label": one.label, "slot": one.slot, "applied": applied, "dropped": dropped}
            rows[LEARN].append({"sequence": sequence} | told | vars(learnt))
        if inserted := one.inserted:
            rows[INSERT].append({"sequence": sequence + inserted.replays} | vars(inserted))
    types = record_types(design)
    return {kind: _filled(types[kind], found) for kind, found in rows.items() if kind in types}


def _filled(dtype: np.dtype, rows: list[Mapping[str, Any]] | list[dict[str, Any]]) -> NDArray:
    records = np.zeros(len(rows), dtype)
    for name in set(dtype.names or ()) - {"cycle", "context", "padding"}:
        if rows:
            records[name] = np.array([row[name] for row in rows], np.int64)
    return records


def _state(design: DesignPoint, chip: Chip) -> dict[str, NDArray]:
    """As `remora.golden.learning.learnt_state.state_records` names them."""
    network, found = chip.network, {}
    for layer in LAYERS:
        if not network.chip:
            found[f"{layer} weights"] = _columns("weights", getattr(network, layer))
        if chip.updates.accumulates:
            found[f"{layer} accumulators"] = _columns("accumulators", chip.updates.chi[layer])
    counts = {"updates": chip.updates.count}
    if chip.reservoir.capacity:
        counts |= {"presented": chip.reservoir.presented, "filled": len(chip.reservoir.slots)}
        slots = chip.reservoir.slots
        stored = np.zeros(len(slots), [("label", "<i8"), ("steps", "<i8")])
        stored["label"], stored["steps"] = [each.label for each in slots], [len(each.steps) for each in slots]
        found["reservoir"] = stored
    found["counts"] = np.array([tuple(counts.values())], [(name, "<i8") for name in counts])
    return found


def _columns(name: str, values: list[list[int]]) -> NDArray:
    array = np.array(values)
    records = np.zeros(array.shape[1], [(name, "<i4", (array.shape[0],))])
    records[name] = array.T
    return records

"""What the crossbar accelerator gives to a run: sequences, and golden's side of every step, answer and counter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from remora.flow.systems.crossbar.chip_files import write_chip
from remora.flow.systems.crossbar.devices import (
    DEVICES,
    PATTERN,
    PROGRAMMED,
    check_devices,
    check_programmed,
    check_states,
    devices_asked,
    erased_devices,
    fresh_devices,
    leaves_devices_over,
    programs_devices,
)
from remora.flow.systems.crossbar.reference import DRAWS, Reference
from remora.flow.systems.crossbar.stimulus import Stimulus
from remora.flow.verify.player import PACKETS, Played, write_packets
from remora.flow.verify.records import ANSWER, COUNTERS, INTERRUPTS, Check, answer_records, by_name, check_values
from remora.flow.verify.run import TIMEOUT_FACTOR, Found, RunCase, Stretch
from remora.golden.learning.device_state import map_arrays
from remora.golden.learning.learnt_state import (
    FAULTS,
    LAYERS,
    READINGS,
    SPARES,
    read_readings,
    read_state,
    reading_records,
    readings_file,
    state_file,
    state_records,
)
from remora.golden.learning.offsets import offset_arrays
from remora.spec.crossbar.counters import Counter
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.records import EVENT, INSERT, LEARN, READOUT, STEP, Event
from remora.spec.crossbar.spares.spare_map import SpareMap
from remora.spec.lib.errors import RemoraError
from remora.spec.lib.files import replacing
from remora.spec.lib.packets import BEAT_BYTES, Drop, Flag
from remora.spec.lib.trace import record_types

CHUNK = 256
"""Sequences compared at once, so that memory does not grow with the run."""
KINDS = (STEP, READOUT, EVENT, ANSWER, COUNTERS, INTERRUPTS)
"""What a traced run compares of any stimulus; of events only where packets are dropped."""
WEIGHTS = "weights"
PROGRAMMED_FILE = "programmed.npz"
"""What a run leaves of how the weight window ended each slice."""
CHIP = "chip"
"""Folder, in that of the run, of the chip that the models of the tiles start from."""
CONTEXTS = "contexts"
CONTEXT_RULES = ("beyond", "changed", "shared")
"""What no record may show: a context that does not exist, a sequence that changes its context, a context that two
sequences in flight share."""
PHASES = (
    Counter.STEP_CYCLES, Counter.READOUT_CYCLES, Counter.IDLE_CYCLES, Counter.LEARN_CYCLES, Counter.REPLAY_CYCLES,
    Counter.INSERT_CYCLES, Counter.HEAL_CYCLES,
)  # fmt: skip
"""Counters of cycles, of which every cycle belongs to one."""


class CrossbarCase(RunCase):
    """Sequences through the crossbar accelerator.

    Compared are steps, readouts, events, answers, counters and interrupts; where something is learnt also every update,
    and at the readback points and the end all that is learnt: weights, χ, reservoir, fault map, counts. Where macros
    are larger than their tiles, so is every pair of devices at the end. Real devices start as a chip that holds the
    weights, or at rest, where the weight window programs and verifies them; how each slice ended is compared then. What
    the window reads of them is compared in place of weights, and every device at the end.

    Args:
        trace: record and compare every step; without, only answers, counters, interrupts and what is learnt are.
        images: folder of memory images to start from, instead of programming through the weight window.
    """

    MODULE, PROGRESS, STALE = (
        "remora.tb.crossbar.run_sequences",
        STEP,
        ("learnt_*.npz", "readings_*.npz", PROGRAMMED_FILE, PATTERN),
    )

    def __init__(
        self, design: DesignPoint, stimulus: Stimulus, *, trace: bool = True, images: Path | None = None
    ) -> None:
        super().__init__()
        self.design: DesignPoint = design
        self.stimulus, self.traced, self.images = stimulus, trace, images
        self.classes = design.network.classes
        self._real = not design.devices.ideal
        self._programs = programs_devices(design, stimulus)
        self._compares_devices = self._real or leaves_devices_over(design)
        self.reference = Reference(design, stimulus, trace)
        self._spares = stimulus.spares_in_use or SpareMap.idle(design)

    def prepare(self, directory: Path) -> dict[str, Any]:
        """See the base; writes ``input.npz``."""
        stimulus, weights = self.stimulus, self.stimulus.weights
        content: dict[str, ArrayLike] = {
            "features": stimulus.features, "lengths": stimulus.lengths, "labels": stimulus.labels,
            "tags": stimulus.tags, "flags": stimulus.flags, "hidden": weights.hidden, "readout": weights.readout,
        }  # fmt: skip
        if weights.thresholds is not None:
            content["thresholds"] = weights.thresholds
        if self._real:
            fresh = erased_devices if self._programs else fresh_devices
            state = stimulus.devices or fresh(self.design, weights, stimulus.spares)
            (directory / CHIP).mkdir(exist_ok=True)
            write_chip(directory / CHIP, self.design, state)
            content |= map_arrays(state.fault_map) | offset_arrays(state.offsets)
        if self.design.capabilities.digital_bias and (self._real or self.images is not None):
            # Nothing programs them through the weight window.
            content |= {f"{name}_biases": getattr(weights, name)[-1] for name in LAYERS}
        with replacing(directory / "input.npz") as partial:
            np.savez(partial, allow_pickle=False, **content)
        write_packets(directory / PACKETS, self._packets())
        return {
            "input": str(directory / "input.npz"),
            "program": self.images is None and not self._real,
            "programmed": str(directory / PROGRAMMED_FILE) if self._programs else "",
            "coefficients": stimulus.coefficients.registers(self.design),
            "bad": [{"before": bad.before, "data": bad.data.hex(), "keep": bad.keep} for bad in stimulus.bad],
            "learnt": int(stimulus.learns.sum()),
            "readbacks": {index: str(state_file(directory, index)) for index in readback_points(stimulus)},
            "readings": {index: str(readings_file(directory, index)) for index in window_points(self.design, stimulus)},
            "commands": [asdict(command) for command in stimulus.commands],
            "heal": stimulus.heal,
            "spares": self._spares.columns if self._spares.used else [],
            "replay_cycles": replay_cycles(self.design),
        }

    def _packets(self) -> Iterator[Played]:
        """All packets in order of the stream; the player holds before each sequence that something else precedes."""
        stimulus = self.stimulus
        held = {*stimulus.readbacks, *(command.before for command in stimulus.commands)}
        for index in range(len(stimulus)):
            for bad in stimulus.bad:
                if bad.before == index:
                    yield Played(bad.data, bad.keep)
            yield Played(stimulus.packet(index), hold=index + 1 in held)

    def timeout_cycles(self, stall: float) -> int:
        """See the base."""
        return timeout_cycles(self.design, self.stimulus, stall)

    def plusargs(self, directory: Path) -> list[str]:
        """See the base."""
        images = [f"+remora_images={self.images}"] if self.images else []
        if self._real:
            images = [f"+remora_chip={directory / CHIP}", f"+remora_first_sequence={self.stimulus.first_place}"]
            images += [f"+remora_age={self.stimulus.age}"] if self.stimulus.age else []
        return [*images, *([devices_asked(directory)] if self._compares_devices else [])]

    def in_order(self, records: Mapping[str, NDArray]) -> dict[str, NDArray]:
        """See the base; steps and readouts of sequences that are in flight at once come interleaved.

        After resets sequences count on from those that were cut off.
        """
        if self.resets and len(records[STEP]):
            first = records[STEP]["sequence"].min()
            records = {kind: found.copy() for kind, found in records.items()}
            for found in records.values():
                if "sequence" in (found.dtype.names or ()):
                    found["sequence"] -= first
        sorts = {
            kind: np.argsort(records[kind]["sequence"], kind="stable") for kind in (STEP, READOUT) if kind in records
        }
        return {kind: found[sorts[kind]] if kind in sorts else found for kind, found in records.items()}

    def stretches(self, directory: Path) -> Iterator[Stretch]:
        """See the base; each ends after ``CHUNK`` sequences or at a readback point."""
        design, stimulus, reference = self.design, self.stimulus, self.reference
        points, end = readback_points(stimulus), len(stimulus)
        for first, last in pairwise(sorted({*range(0, end, CHUNK), end, *points})):
            golden, answered = reference.advance(first, last), stimulus.answered[first:last]
            tags, flags, lengths = (
                each[first:last].tolist() for each in (stimulus.tags, stimulus.flags, stimulus.lengths)
            )
            asked = np.flatnonzero(answered).tolist()
            answers = [
                part
                for index in asked
                for part in golden.answer(index, tags[index], Flag(flags[index]), lengths[index])
            ]
            # After the steps, so that the first divergence is the one that caused the others.
            records = {**(golden.records if self.traced else {}), ANSWER: answer_records(self.classes, answers)}
            states: tuple[tuple[dict[str, NDArray], dict[str, NDArray]], ...] = ()
            if last in points:
                states = (
                    self._learnt(state_records(design, reference.checkpoint), read_state(directory, last, design)),
                )
            if last in window_points(design, stimulus):
                read = reference.read_window()
                states += ((reading_records(read.hidden, read.readout), read_readings(directory, last)),)
            yield Stretch(records, last == end, states)

    def _learnt(self, *both: dict[str, NDArray]) -> tuple[dict[str, NDArray], dict[str, NDArray]]:
        """Golden's state and the hardware's, without weights where devices are real."""
        golden, found = (
            {kind: each for kind, each in records.items() if not (self._real and kind.endswith(WEIGHTS))}
            for records in both
        )
        return golden, found

    def parts(self, count: int) -> list[CrossbarCase]:
        """Shares of the sequences, of which none learns.

        Raises:
            RemoraError: a sequence learns, so those after it depend on it.
        """
        stimulus, number = self.stimulus, len(self.stimulus)
        if stimulus.learns.any():
            raise RemoraError(
                f"--jobs {count}: what is learnt depends on every sequence before; leave --jobs or --learn out"
            )
        count = min(count, number)
        edges = [number * index // count for index in range(count + 1)]
        return [
            CrossbarCase(self.design, stimulus.part(*edge), trace=self.traced, images=self.images)
            for edge in pairwise(edges)
        ]

    def checks(self, found: Found) -> Iterator[Check]:
        """See the base."""
        if self.traced:
            yield Check(EVENT, self._drop_events(), found.records[EVENT])
            yield check_values(CONTEXTS, dict.fromkeys(CONTEXT_RULES, 0), self._context_faults(found.records))
        yield check_values(COUNTERS, by_name(self._predicted(found)), by_name(found.counters))
        yield check_values(INTERRUPTS, self._interrupts(), found.report["interrupts"])
        if self.reference.programmed is not None:
            yield from check_programmed(self.reference.programmed, found.directory / PROGRAMMED_FILE)
        if self._real:
            yield check_states(self.design, self.reference.devices, found.directory)
        elif self._compares_devices:
            learns = self.design.capabilities.learns
            weights = self.reference.checkpoint.weights if learns else self.stimulus.weights
            yield check_devices(self.design, weights, found.directory, self._spares)

    def required(self, stalled: bool) -> tuple[str, ...]:
        """See the base; events only where packets are dropped, insertions where there is a reservoir, and devices where
        macros have more than their tiles use."""
        stimulus, capabilities = self.stimulus, self.design.capabilities
        traced = [STEP, READOUT, *([EVENT] if stimulus.bad else [])]
        kinds = [*(traced if self.traced else []), ANSWER, COUNTERS, INTERRUPTS]
        kinds += (
            [PROGRAMMED, f"{PROGRAMMED} {COUNTERS}"] * self._programs
            + [DEVICES] * self._compares_devices
            + [f"{layer} {READINGS}" for layer in LAYERS] * self._real
        )
        if stimulus.learns.any():
            held = [*([WEIGHTS] * (not self._real)), *(["accumulators"] * capabilities.accumulates)]
            held += [FAULTS] * capabilities.compensates
            kinds += [SPARES] * capabilities.spares
            kinds += [LEARN] * self.traced + [f"{layer} {kind}" for layer in LAYERS for kind in held] + ["counts"]
            kinds += [INSERT] * (self.traced and capabilities.replays)
        return tuple(kinds)

    def _drop_events(self) -> NDArray:
        """What the trace must hold of the bad packets, in the order of the stream; a clean run has no events."""
        events = np.zeros(len(self.stimulus.bad), record_types(self.design)[EVENT])
        events["kind"], events["cause"] = Event.DROP, [bad.cause for bad in self.stimulus.bad]
        return events

    def _context_faults(self, records: Mapping[str, NDArray]) -> dict[str, int]:
        """How often each of `CONTEXT_RULES` is broken."""
        steps, readouts = records[STEP], records[READOUT]
        contexts = np.concatenate((steps["context"], readouts["context"])).astype(np.int64)
        sequences = np.concatenate((steps["sequence"], readouts["sequence"]))
        cycles = np.concatenate((steps["cycle"], readouts["cycle"])).astype(np.int64)
        order = np.lexsort((cycles, sequences))
        contexts, sequences, cycles = contexts[order], sequences[order], cycles[order]
        first = np.concatenate(([True], sequences[1:] != sequences[:-1])) if len(sequences) else np.zeros(0, bool)
        # In each context one sequence begins after the last record of the one before.
        begins = np.flatnonzero(first)
        ends = np.append(begins[1:], len(sequences)) - 1
        by_context = np.lexsort((cycles[begins], contexts[begins]))
        same = np.diff(contexts[begins][by_context]) == 0
        early = cycles[begins][by_context][1:] <= cycles[ends][by_context][:-1]
        return {
            "beyond": int((contexts >= self.design.system.contexts).sum()),
            "changed": int((contexts[1:] != contexts[:-1])[~first[1:]].sum()) if len(contexts) else 0,
            "shared": int((same & early).sum()),
        }

    def _predicted(self, found: Found) -> dict[Counter, int]:
        """What golden can predict of the counters; every cycle belongs to one phase.

        A readout waits for the answer before it; only where streams stall is that unpredictable. So is a step where
        every one is read out, and a readout where its answer takes longer than a step. Of a counter that golden can
        only bound, the prediction is the nearest value within the bounds.
        """
        counters, reference, cycles = found.counters, self.reference, self.design.cycles
        readouts = len(self.stimulus) * cycles.readout
        alone = not (found.stalled or self.design.capabilities.interleaves)
        bounds = reference.cycles
        if self.design.capabilities.reads_every_step and not alone:
            fewest, _ = bounds[Counter.STEP_CYCLES]
            bounds[Counter.STEP_CYCLES] = fewest, counters[Counter.CYCLES]
        paced = alone and cycles.paced_step == cycles.step
        predicted = {
            Counter.CYCLES: sum(counters.get(phase, 0) for phase in PHASES),
            Counter.READOUT_CYCLES: readouts if paced else max(readouts * alone, counters[Counter.READOUT_CYCLES]),
            **{counter: min(max(counters[counter], low), high) for counter, (low, high) in bounds.items()},
            **reference.counters,
        }
        return {counter: value for counter, value in predicted.items() if counter in counters}

    def _interrupts(self) -> dict[str, int]:
        """The sticky events and the pin, for which only the drops are enabled, after the run and after clearing."""
        causes = {bad.cause for bad in self.stimulus.bad}
        healed = {"healed": int(self.reference.healed > 0)} if self.design.capabilities.heals else {}
        return {
            **healed,
            **{f"dropped_{drop.name.lower()}": int(drop in causes) for drop in Drop},
            "sequence_done": int(self.stimulus.answered.any()),
            "window_failed": int(any(each.mismatches for each in self.reference.programmed or ())),
            "macro_timeout": 0,
            "pin": int(bool(causes)),
            "events_left": 0,
            "pin_left": 0,
        }


def timeout_cycles(design: DesignPoint, stimulus: Stimulus, stall: float) -> int:
    """Cycles within which the next answer must come, generously: work and beats of the longest sequences."""
    network, cycles = design.network, design.cycles
    longest = network.max_steps
    work = cycles.sequence(longest)
    if design.capabilities.learns:
        work += cycles.most_update(longest)
    if design.capabilities.replays:
        work += replays_at_most(design, stimulus) * replay_cycles(design) + cycles.insert_accepted(longest)
    payload = max([network.max_steps * network.features, *(len(bad.data) for bad in stimulus.bad)])
    answered = network.max_steps if design.capabilities.reads_every_step else 1
    beats = (3 + len(stimulus.bad)) * (payload + BEAT_BYTES) + answered * (1 + network.classes)
    # The longest run of sequences that nobody answers.
    ends = np.flatnonzero(np.concatenate(([True], stimulus.answered, [True])))
    silent = int(np.diff(ends).max()) - 1
    return TIMEOUT_FACTOR * (1 + silent) * round(3 * work + beats / (1 - stall))


def replay_cycles(design: DesignPoint) -> int:
    """Cycles within which a replay ends, of a design that replays; 0 of others."""
    return design.cycles.most_replay(design.network.max_steps, DRAWS) if design.capabilities.replays else 0


def replays_at_most(design: DesignPoint, stimulus: Stimulus) -> int:
    """Most sequences that are replayed after a new one."""
    return (
        max([design.learning.replay_ratio, *(each.ratio for each in stimulus.commands)])
        if design.capabilities.replays
        else 0
    )


def window_points(design: DesignPoint, stimulus: Stimulus) -> tuple[int, ...]:
    """Indices before which every real device is read through the weight window: readback points, and the end."""
    return () if design.devices.ideal else readback_points(stimulus) or (len(stimulus),)


def readback_points(stimulus: Stimulus) -> tuple[int, ...]:
    """Indices before which all that is learnt is read back: those that were asked for, and the end."""
    return tuple(sorted({*stimulus.readbacks, len(stimulus)})) if stimulus.learns.any() else ()

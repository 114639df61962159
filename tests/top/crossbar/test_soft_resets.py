"""Learning with replay through soft resets at any cycle: what was learnt survives, and stays exactly golden's."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from remora.flow.systems.crossbar.chip_files import write_chip
from remora.flow.systems.crossbar.devices import check_states, devices_asked, fresh_devices
from remora.flow.systems.crossbar.generate import write_images
from remora.flow.tools.simulator import run
from remora.golden.crossbar.cell import Coefficients
from remora.golden.crossbar.weights import Weights, initial_weights
from remora.golden.data.load import SequenceSet, synthetic
from remora.golden.data.tasks import task_stream
from remora.golden.learning.checkpoint import load_checkpoint
from remora.golden.learning.pulses import Writes
from remora.golden.learning.replay import Interruption, LearningResult
from remora.golden.learning.trace import LearningReference
from remora.spec.crossbar.column_groups import group_borders
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.learning import UPDATE_COUNT_BITS
from remora.spec.crossbar.records import EVENT, INSERT, LEARN, READOUT, STEP
from remora.spec.lib.trace import read_trace, write_header
from remora.tb.lib.coverage import cover
from remora.tb.lib.scoreboard import Comparison, compare
from tests.top.crossbar.every_step.test_every_step import POINTS as EVERY_STEP
from tests.top.crossbar.test_checkpoint import require_same
from tests.top.crossbar.test_devices import LEARNING as REAL
from tests.top.crossbar.test_learning import learner

GATES = Coefficients(176, 100)


@dataclass(frozen=True)
class Case:
    """A design point and how long it learns.

    Attributes:
        held: share of the phases in which no answer is taken until the reset.
    """

    design: DesignPoint
    sequences: int
    stalled: float = 0.0
    longest_phase: int = 16
    checkpoints: float = 0.05
    held: float = 0.0

    @property
    def needed(self) -> dict[str, int]:
        """How many sequences at least must be cut somewhere, and how many of them between two columns of an update."""
        return {"unfinished": max(2, self.sequences // 40), "cut": max(1, self.sequences // 60)}

    @property
    def column_cycles(self) -> int:
        """What the first column of an update takes from its start: errors, feedback, and every fold of the column."""
        cycles = self.design.cycles
        return cycles.preparation + cycles.group(self.design.network.max_steps) + cycles.rounding

    @property
    def tries(self) -> int:
        """Sequences beyond the planned ones, each a try to cut an update; enough for every cycle of a first column."""
        return self.needed["cut"] * self.column_cycles

    @property
    def cycles_per_sequence(self) -> int:
        """About what a sequence takes with its replays; where the resets fall."""
        longest, cycles = self.design.network.max_steps, self.design.cycles
        replays = self.design.learning.replay_ratio if self.design.capabilities.replays else 0
        return (cycles.fewest_update(longest) + cycles.sequence(longest)) * (1 + replays)


LONG = 1000 if os.environ.get("REMORA_NIGHTLY") == "1" else 80
REPLAYING = {"hidden_shift": 6, "readout_shift": 4, "replay_capacity": 37}
CASES = {
    "one": Case(learner("one", hidden_shift=2, readout_shift=2, replay_capacity=1), 60, 0.5, longest_phase=2),
    "primes": Case(learner("primes", **REPLAYING | {"replay_capacity": 3, "replay_ratio": 2}, lanes=7, winners=6), 40),
    "signed": Case(learner("signed", hidden_shift=5), 60, 0.5),
    "every": Case(EVERY_STEP["learns"], 40, 0.3, longest_phase=4, held=0.5),
    "columns": Case(learner("primes", **REPLAYING | {"replay_capacity": 3}, lanes=5, columns=3), 40),
    # A chip of real devices, whose weights the window reads with noise.
    "devices": Case(REAL["accumulate"], 40, checkpoints=0.0),
    # Two tasks, with replay, stalls and resets, at length.
    "accumulate": Case(learner("tiny", **REPLAYING), LONG, 0.5),
    "direct": Case(learner("tiny", **REPLAYING, update="direct", accumulator_level=128, winners=4), LONG, 0.5),
}

AT_NIGHT = ("one", "primes", "columns", "accumulate", "signed")
"""By day the other cases have winners, stalls, real devices, and none of them."""


def two_tasks(design: DesignPoint, count: int) -> tuple[SequenceSet, NDArray[np.int64]]:
    """Sequences of two tasks, and how many steps of each are shown."""
    data = task_stream(synthetic(design, count, seed=5), count, 2, seed=5)
    lengths = np.random.default_rng(5).integers(1, design.network.max_steps + 1, count)
    return data, lengths


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.nightly) if name in AT_NIGHT else name for name in CASES]
)
def test_what_is_learnt_survives_soft_resets(name, harness, tmp_path):
    learn_through_resets(CASES[name], harness, tmp_path)


def learn_through_resets(case: Case, harness: Callable, tmp_path: Path) -> Follower:
    """Run a case and compare all of it with golden, which is returned."""
    design = case.design
    _, build = harness(design)
    data, lengths = two_tasks(design, case.sequences)
    # Where the planned sequences leave too few cut, they come again.
    again = np.arange(case.sequences + case.tries) % case.sequences
    data, lengths = data.where(again), lengths[again]
    weights = initial_weights(design)
    write_header(tmp_path, design)
    np.savez(tmp_path / "input.npz", features=data.x, lengths=lengths, labels=data.y)
    config = {
        "design": design.model_dump(mode="json"),
        "input": str(tmp_path / "input.npz"),
        "coefficients": [GATES.reset, GATES.update],
        "sequences": case.sequences,
        "cycles_per_sequence": case.cycles_per_sequence,
        "column_cycles": case.column_cycles,
        "stalled": case.stalled,
        "longest_phase": case.longest_phase,
        "checkpoints": case.checkpoints,
        "held": case.held,
        "needed": case.needed,
        "output": str(tmp_path / "phases.json"),
    }
    arguments = [f"+remora_trace={tmp_path}", *start(design, weights, tmp_path)]
    run(build, "remora.tb.crossbar.top_soft_resets", config=config, plusargs=arguments, run_dir=tmp_path)
    outcome = json.loads((tmp_path / "phases.json").read_text(encoding="utf-8"))
    follower = Follower(design, weights, data, lengths)
    follower.follow(outcome["phases"], read_trace(tmp_path, design))
    follower.comparison.require(STEP, READOUT, LEARN, *([INSERT] if design.capabilities.replays else []))
    follower.require_counters(outcome["counters"])
    assert follower.begun >= case.sequences and (follower.checkpoints > 0 or not case.checkpoints)
    if not design.devices.ideal:
        follower.require_devices(tmp_path)
    assert follower.done["ACCEPTED"] > 0 or not design.capabilities.replays
    assert follower.parts > 0
    assert min(follower.answers_cut, follower.cut_in_updates) > 0 or not design.capabilities.reads_every_step
    found = {"unfinished": follower.unfinished, "cut": follower.cut}
    assert all(found[name] >= count for name, count in case.needed.items()), found
    return follower


def start(design: DesignPoint, weights: Weights, folder: Path) -> list[str]:
    """The arguments of a simulation that starts from these weights, whose files are written into a folder."""
    if design.devices.ideal:
        write_images(design, weights, folder / "images")
        return [f"+remora_images={folder / 'images'}"]
    (folder / "chip").mkdir()
    write_chip(folder / "chip", design, fresh_devices(design, weights))
    return [f"+remora_chip={folder / 'chip'}", "+remora_first_sequence=0", devices_asked(folder)]


@dataclass
class Follower:
    """Golden, led through the phases by what the registers told after each reset.

    Attributes:
        begun: sequences whose learning has begun. ``unfinished``: those that were cut somewhere; ``cut``: updates that
            were cut between two columns.
        checkpoints: how often all that is learnt was compared.
        parts: of answers, compared. ``answers_cut``: answers that end before the last step; ``cut_in_updates``: those
            of a reset that waited for an update.
    """

    design: DesignPoint
    weights: Weights
    data: SequenceSet
    lengths: NDArray[np.int64]
    comparison: Comparison = field(default_factory=Comparison)
    begun: int = 0
    cut: int = 0
    unfinished: int = 0
    checkpoints: int = 0
    parts: int = 0
    answers_cut: int = 0
    cut_in_updates: int = 0
    learned: list[LearningResult] = field(default_factory=list)
    done: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("LEARNED", "REPLAYED", "ACCEPTED"), 0))

    def __post_init__(self) -> None:
        self.reference = LearningReference(self.design, self.weights, GATES)

    def follow(self, phases: list[dict], trace: dict[str, NDArray]) -> None:
        """Every phase: records, registers, and where it was read back, everything."""
        ends = [*(phase["cycle"] for phase in phases[1:]), 1 << 62]
        for number, (phase, end) in enumerate(zip(phases, ends, strict=True)):
            found = {
                kind: records[(records["cycle"] >= phase["cycle"]) & (records["cycle"] < end)]
                for kind, records in trace.items()
                if kind != EVENT
            }
            self._phase(phase, found)
            assert self.comparison.total_mismatches == 0, f"phase {number}: {phase}: {self.comparison.first}"

    def _phase(self, phase: dict, found: dict[str, NDArray]) -> None:
        trainer, first = self.reference.trainer, self.begun
        assert phase["first"] == first
        count = (phase["presented"] if self.design.capabilities.replays else phase["updates"]) - first
        self.reference._started = 0
        if started := self._first_sequence(found):
            # The chip has started those, too, that a reset cut before their first record.
            trainer.dfa.set_started(started)
        # Of a phase in which nothing began, the registers tell of the one before.
        cut = count > 0 and (phase["pending"] or phase["updating"])
        whole = count - 1 if cut else count
        parts = [self._whole(first + index) for index in range(whole)]
        if cut:
            parts.append(self._cut(first + whole, phase))
        self.begun += count
        expected = {kind: np.concatenate([part[kind] for part in parts]) for kind in parts[0]} if parts else {}
        expected = self._with_rest(expected, found, phase, cut)
        self._compare(expected, found)
        self._require_answers(phase, expected[READOUT])
        state = {"updates": trainer.dfa.updates}
        if self.design.capabilities.replays:
            state |= {"presented": trainer.reservoir.presented, "filled": trainer.reservoir.filled}
        assert {name: phase[name] for name in state} == state
        if "checkpoint" in phase:
            self._require_checkpoint(Path(phase["checkpoint"]))

    def _whole(self, index: int) -> dict[str, NDArray]:
        one = slice(index, index + 1)
        tags, learn = np.array([index % 256]), np.ones(1, bool)
        learnt = self.reference.advance(self.data.x[one], self.lengths[one], self.data.y[one], learn, tags)
        self._count(learnt.hidden, learnt.readout)
        self.done["LEARNED"] += 1
        self.done["REPLAYED"] += learnt.replayed
        self.done["ACCEPTED"] += learnt.accepted
        return learnt.records

    def _cut(self, index: int, phase: dict) -> dict[str, NDArray]:
        updates = (phase["updates"] - self.reference.trainer.dfa.updates) % (1 << UPDATE_COUNT_BITS)
        columns = phase["columns"] if phase["updating"] else None
        assert columns is None or columns in group_borders(self.design)
        assert updates >= 1
        self.unfinished += 1
        self.cut += columns is not None and columns > 0
        for where, seen in (("update", phase["updating"]), ("columns", columns)):
            cover("resets", kind="soft", phase=where if seen else None)
        x, label = self.data.x[index, : self.lengths[index]], int(self.data.y[index])
        interruption = Interruption(updates, columns, inserted=not phase["pending"])
        learned, records = self.reference.interrupt(x, label, index % 256, interruption)
        self._count(learned.hidden, learned.readout)
        finished = updates - (columns is not None)
        self.done["LEARNED"] += finished > 0
        self.done["REPLAYED"] += max(0, finished - 1)
        return records

    def _count(self, hidden: Writes, readout: Writes) -> None:
        self.learned.append((hidden, readout))

    def _with_rest(self, expected: dict, found: dict, phase: dict, cut: bool) -> dict[str, NDArray]:
        """And the forward pass that the reset cut, as far as it went."""
        if not expected:
            expected = {kind: records[:0] for kind, records in found.items()}
        trainer, rest = self.reference.trainer, None
        begun = self.begun
        if cut and not phase["updating"]:
            # Between two replays: the next one was on its way.
            updates = len(expected[LEARN][expected[LEARN]["sequence"] >= self._first_of_last(expected)])
            slots = trainer.reservoir.drawn_slots()[updates - 1 :]
            if slots:
                rest = (trainer.reservoir.sequence(slots[0])[0], (begun - 1) % 256)
        elif not cut and begun < min(phase["first"] + phase["handed"], len(self.data)):
            rest = (self.data.x[begun, : self.lengths[begun]], begun % 256)
        if rest is None:
            return expected
        further = self.reference.forward(*rest)
        return expected | {
            kind: np.concatenate([expected[kind], further[kind][: len(found[kind]) - len(expected[kind])]])
            if len(found[kind]) > len(expected[kind]) else expected[kind]
            for kind in (STEP, READOUT)
        }  # fmt: skip

    def _first_of_last(self, expected: dict) -> int:
        """Number of the forward pass with which the last new sequence began."""
        new = expected[LEARN][expected[LEARN]["slot"] == 0xFFFFFFFF]
        return int(new["sequence"][-1])

    def _compare(self, expected: dict, found: dict) -> None:
        for records in expected.values():
            records["sequence"] += self._first_sequence(found)
        self.comparison.merge(compare(expected, found))

    def _first_sequence(self, found: dict) -> int:
        """Number of the first sequence of a phase; 0 where it has no record."""
        starts = [records["sequence"][0] for records in (found[STEP], found[READOUT]) if len(records)]
        return int(min(starts, default=0))

    def _require_answers(self, phase: dict, readouts: NDArray) -> None:
        """In the order of the stream; each part of an answer is the readout of that step, before the own update. Only
        the last answer may end before the last step."""
        answers, every = phase["answers"], self.design.capabilities.reads_every_step
        assert [rows[0][0] for rows in answers] == phase["asked"][: len(answers)]
        for number, rows in enumerate(answers, 1):
            tag = rows[0][0]
            own = readouts[readouts["tag"] == tag]
            # Its replays, which have the same tag, come later.
            own = own[own["sequence"] == own["sequence"][0]][: len(rows)]
            expected = [
                [tag, int(one["decision"]), int(step == len(rows)), *one["scores"].tolist()]
                for step, one in enumerate(own, 1)
            ]
            assert rows == expected, f"answer {tag}: {rows}, expected {expected}"
            steps = self.lengths[phase["first"] + (tag - phase["first"]) % 256] if every else 1
            assert len(rows) <= steps and (len(rows) == steps or number == len(answers))
            cut = len(rows) < steps
            self.answers_cut += cut
            self.cut_in_updates += bool(cut and phase["updating"])
            cover("resets", kind="soft" if cut else None, phase="parts" if cut else None)
            self.parts += len(rows)

    def _require_checkpoint(self, path: Path) -> None:
        found, expected = load_checkpoint(path, self.design), self.reference.trainer.checkpoint()
        if not self.design.capabilities.replays:
            np.testing.assert_array_equal(found.weights.hidden, expected.weights.hidden)
            np.testing.assert_array_equal(found.weights.readout, expected.weights.readout)
            np.testing.assert_array_equal(found.hidden_accumulators, expected.hidden_accumulators)
            np.testing.assert_array_equal(found.readout_accumulators, expected.readout_accumulators)
            assert found.updates == expected.updates
        else:
            require_same(found, expected, early=True)
        self.checkpoints += 1

    def require_devices(self, folder: Path) -> None:
        """Every device at the end, as the run left it in a folder."""
        devices = self.reference.trainer.dfa.devices
        check = check_states(self.design, devices, folder)
        assert len(check.expected) and max(int(layer.n.max()) for layer in devices.layers) > 1
        np.testing.assert_array_equal(check.actual, check.expected)

    def require_counters(self, counters: dict[str, int]) -> None:
        """All that was written, in whole updates and in those that were cut."""
        hidden, readout = (Writes.sum(pair[layer] for pair in self.learned) for layer in (0, 1))
        expected = {} | self.done
        for name, writes in (("HIDDEN", hidden), ("READOUT", readout)):
            expected |= {
                f"PULSES_{name}": writes.applied, f"PULSES_DROPPED_{name}": writes.dropped,
                f"DEVICES_{name}": writes.devices,
            }  # fmt: skip
        expected = {name: value for name, value in expected.items() if name in counters}
        assert {name: counters[name] for name in expected} == expected
        assert expected["PULSES_HIDDEN"] + expected["PULSES_READOUT"] > 0

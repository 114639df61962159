"""Healing among packets that come at any moment, stopped, resumed, by the policy and cut by soft resets: every replay
is golden's, and a packet waits for one of them at most."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass, field, replace

import numpy as np
import pytest
from numpy.typing import NDArray

from remora.flow.systems.crossbar.generate import write_images
from remora.flow.systems.crossbar.run import replay_cycles
from remora.flow.tools.simulator import run
from remora.golden.crossbar.cell import Coefficients
from remora.golden.crossbar.weights import initial_weights
from remora.golden.data.load import synthetic
from remora.golden.learning.checkpoint import load_checkpoint
from remora.golden.learning.replay import Interruption, ReplayTrainer
from remora.golden.learning.settings import LearningSettings
from remora.golden.learning.trace import LearningReference
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.records import EVENT, INSERT, LEARN, READOUT, STEP
from remora.spec.lib.packets import Flag
from remora.spec.lib.trace import read_trace, write_header
from remora.tb.lib.coverage import cover
from remora.tb.lib.scoreboard import Comparison, compare
from tests.top.crossbar.test_checkpoint import require_same
from tests.top.crossbar.test_learning import learner

START = 8000
NEAR, FAR = START - 700, 60000
"""Reservoir accuracies from which a few right decisions end healing, and at which none begins."""
PHASES = (
    "packets ask", "ask", "packets ask stop", "packets resume reset", "resume stop", "ask cut", "packets ask cut",
    "policy packets", "packets ask zero", "policy packets", "ask reset", "packets resume stop", "packets",
    "policy packets reset", "packets ask", "resume cut", "packets ask reset", "policy packets",
)  # fmt: skip
HEALS = {"hidden_shift": 5, "readout_shift": 4, "replay_capacity": 4, "healing": True}
CASES = {
    "accumulate": learner("tiny", **HEALS, seed=5),
    "direct": learner("tiny", **HEALS, update="direct", accumulator_level=128, winners=4, replay_ratio=2),
    "three": learner("tiny", **HEALS).evolve(system={"contexts": 3}),
    "columns": learner("primes", **HEALS, lanes=5, columns=3).evolve(system={"contexts": 3}),
}


@pytest.mark.parametrize(
    "name", [name if name == "accumulate" else pytest.param(name, marks=pytest.mark.nightly) for name in CASES]
)
def test_healing_among_packets(name, harness, tmp_path):
    design = CASES[name]
    _, build = harness(design)
    data, weights = synthetic(design, 120, seed=5), initial_weights(design)
    lengths = np.random.default_rng(5).integers(1, design.network.max_steps + 1, len(data))
    settings = replace(LearningSettings.of(design), heal_start=START, heal_stop=START, heal_hidden_rate_shift=1)
    write_images(design, weights, tmp_path / "images")
    write_header(tmp_path, design)
    np.savez(tmp_path / "input.npz", features=data.x, lengths=lengths, labels=data.y)
    config = {
        "design": design.model_dump(mode="json"),
        "input": str(tmp_path / "input.npz"),
        "settings": asdict(settings),
        "phases": PHASES,
        "near": NEAR,
        "far": FAR,
        "replay_cycles": replay_cycles(design) // 4,
        "output": str(tmp_path / "phases.json"),
        "checkpoint": str(tmp_path / "learnt.npz"),
    }
    arguments = [f"+remora_trace={tmp_path}", f"+remora_images={tmp_path / 'images'}"]
    case = {"testcase": "heal_in_phases", "config": config, "run_dir": tmp_path}
    run(build, "remora.tb.crossbar.top_healing", plusargs=arguments, **case)
    outcome = json.loads((tmp_path / "phases.json").read_text(encoding="utf-8"))
    reference = LearningReference(design, weights, Coefficients.of(design))
    reference.trainer.settings = settings
    follower = Follower(design, reference, data.x, lengths, data.y, outcome["flags"])
    follower.follow(outcome["phases"], read_trace(tmp_path, design))
    follower.comparison.require(STEP, READOUT, LEARN, INSERT)
    follower.require_counters(outcome["counters"])
    found = load_checkpoint(tmp_path / "learnt.npz", design)
    require_same(found, reference.trainer.checkpoint(), early=True)
    assert found.healing == reference.trainer.healing
    wanted = ("healed", "by policy", "policy ended", "cut", "yielded", "interrupts", "stopped", "answers", "ahead")
    assert min(follower.seen[each] for each in wanted) > 0, follower.seen
    for each in wanted:
        cover("healing", event=each.replace(" ", "_"))


def test_what_was_asked_for_is_restored(harness, tmp_path):
    """Power off between two healing replays: the rest follow, from the same accuracy."""
    design = CASES["accumulate"]
    _, build = harness(design)
    data, weights = synthetic(design, 5, seed=5), initial_weights(design)
    write_images(design, weights, tmp_path / "images")
    settings = replace(LearningSettings.of(design), heal_readout_rate_shift=1)
    np.savez(tmp_path / "input.npz", features=data.x, lengths=data.steps, labels=data.y)
    files = {name: str(tmp_path / f"{name}.npz") for name in ("saved", "restored", "healed")}
    config = {
        "design": design.model_dump(mode="json"), "input": str(tmp_path / "input.npz"), "settings": asdict(settings),
        "replay_cycles": replay_cycles(design) // 4, "sequences": 5, "heal": 7, **files,
    }  # fmt: skip
    arguments = [f"+remora_images={tmp_path / 'images'}"]
    run(build, "remora.tb.crossbar.top_healing", testcase="healing_is_restored", config=config, plusargs=arguments)
    saved, restored, healed = (load_checkpoint(file, design) for file in files.values())
    trainer = ReplayTrainer(design, weights)
    trainer.settings = settings
    for index in range(5):
        trainer.train_sequence(data.sequence(index), int(data.y[index]))
    trainer.healing = trainer.healing.asked(7)
    for found in (saved, restored):
        require_same(found, trainer.checkpoint(), early=True)
        assert found.healing.run and found.healing.left == 7
    trainer = ReplayTrainer.from_checkpoint(design, restored)
    assert len(trainer.heal(restored.healing.left)) == 7
    require_same(healed, trainer.checkpoint(), early=True)


@dataclass
class Follower:
    """Golden, led through the phases by the order in which the trace shows packets and healing replays.

    Attributes:
        seen: how often each thing happened.
    """

    design: DesignPoint
    reference: LearningReference
    features: NDArray
    lengths: NDArray[np.int64]
    labels: NDArray[np.int64]
    flags: list[int]
    comparison: Comparison = field(default_factory=Comparison)
    seen: Counter[str] = field(default_factory=Counter)
    parts: list[dict[str, NDArray]] = field(default_factory=list)

    def follow(self, phases: list[dict], trace: dict[str, NDArray]) -> None:
        """Every phase: records, registers, interrupts, answers, and how long packets waited."""
        ends = [*(phase["cycle"] for phase in phases[1:]), 1 << 62]
        for number, (phase, end) in enumerate(zip(phases, ends, strict=True)):
            found = {
                kind: records[(records["cycle"] >= phase["cycle"]) & (records["cycle"] < end)]
                for kind, records in trace.items()
                if kind != EVENT
            }
            for kind, records in found.items():
                found[kind] = records[np.argsort(records["sequence"], kind="stable")]
            self._begin(phase)
            self._walk(phase, found)
            told = f"phase {number}: {phase}"
            assert self.comparison.total_mismatches == 0, f"{told}: {self.comparison.first}"
            self._end(phase, told)
            self._require_order(phase, found)

    def _begin(self, phase: dict) -> None:
        trainer, self.parts, self.reference._started = self.reference.trainer, [], 0
        healing = replace(trainer.healing, accuracy=phase["accuracy"])
        if phase["asked"] is not None:
            healing = healing.asked(phase["asked"])
        if phase["resumed"]:
            healing = replace(healing, run=healing.left > 0)
        trainer.healing = healing

    def _walk(self, phase: dict, found: dict[str, NDArray]) -> None:
        trainer, index, position = self.reference.trainer, phase["first"], 0
        tags = dict(zip(found[READOUT]["sequence"].tolist(), found[READOUT]["tag"].tolist(), strict=True))
        sequences, learnt = sorted(tags), set(found[LEARN]["sequence"].tolist())
        while position < len(sequences):
            learns = tags[sequences[position]] == 0 or bool(self.flags[index] & Flag.LEARN)
            replays = trainer.design.learning.replay_ratio if trainer.reservoir.filled else 0
            lesson = sequences[position : position + 1 + (replays if tags[sequences[position]] else 0)]
            if learns and not (
                learnt.issuperset(lesson) and (tags[lesson[0]] == 0 or self._inserted(phase, found, len(lesson)))
            ):
                break
            if tags[lesson[0]] == 0:
                self._heal(phase, None)
                position += 1
                continue
            self._advance(index, learns)
            index, position = index + 1, position + (len(lesson) if learns else 1)
        rest = self._cut(phase, index, tags[sequences[position]] == 0 if position < len(sequences) else None)
        self._compare(found, rest)

    def _inserted(self, phase: dict, found: dict[str, NDArray], updates: int) -> bool:
        """The lesson at hand came to its end: as many updates and one more insertion."""
        trainer = self.reference.trainer
        return trainer.reservoir.presented + 1 < phase["presented"] or not phase["progress"]["pending"]

    def _heal(self, phase: dict, until: int | None) -> None:
        healing = self.reference.trainer.healing
        assert healing.run or healing.policy, "a healing replay that nobody asked for"
        self.seen["by policy"] += healing.policy and not healing.run
        _, records = self.reference.heal_once(until)
        self.seen["policy ended"] += healing.policy and not self.reference.trainer.healing.policy
        self.seen["healed"] += until is None
        self.parts.append(records)

    def _advance(self, index: int, learns: bool) -> None:
        one, ones = slice(index, index + 1), np.ones(1, bool)
        tags = np.array([1 + index % 255])
        trace = self.reference.advance(self.features[one], self.lengths[one], self.labels[one], ones & learns, tags)
        self.seen.update(learned=trace.sequences, replayed=trace.replayed, accepted=trace.accepted)
        self.parts.append(trace.records)

    def _cut(self, phase: dict, index: int, healing: bool | None) -> list[tuple[NDArray, int]]:
        """What a soft reset left of the last sequence; the forward passes of which one may be under way besides."""
        trainer, progress = self.reference.trainer, phase["progress"]
        begun = (phase["updates"] - trainer.dfa.updates) % 2**32
        columns = progress["columns"] if progress["updating"] else None
        if begun and healing:
            assert begun == 1 and columns is not None
            self._heal(phase, columns)
            self.seen["cut"] += 1
            return []
        rest = [(self.features[index, : self.lengths[index]], 1 + index % 255)] if index < len(self.flags) else []
        if begun:
            interruption = Interruption(begun, columns, inserted=not progress["pending"])
            learned, records = self.reference.interrupt(*self._packet(index), interruption)
            assert learned is not None
            self.parts.append(records)
            finished = begun - (columns is not None)
            self.seen.update(learned=int(finished > 0), replayed=max(0, finished - 1))
            self.seen["accepted"] += learned.accepted is not None
            slots = trainer.reservoir.drawn_slots()[begun - 1 :] if columns is None and progress["pending"] else []
            rest = [(trainer.reservoir.sequence(slots[0])[0], 1 + index % 255)] if slots else []
        elif trainer.reservoir.filled:
            rest.append((trainer.reservoir.sequence(trainer.reservoir.healing_slot(trainer.dfa.updates))[0], 0))
        return rest

    def _packet(self, index: int) -> tuple[NDArray, int, int]:
        return self.features[index, : self.lengths[index]], int(self.labels[index]), 1 + index % 255

    def _compare(self, found: dict[str, NDArray], rest: list[tuple[NDArray, int]]) -> None:
        kinds = (STEP, READOUT, LEARN, INSERT)
        empty = {kind: found[kind][:0] for kind in kinds}
        expected = {kind: np.concatenate([empty[kind], *(part[kind] for part in self.parts)]) for kind in kinds}
        first = int(min((found[kind]["sequence"][0] for kind in kinds if len(found[kind])), default=0))
        best = None
        for tail in (
            [None, *rest] if any(len(found[kind]) > len(expected[kind]) for kind in (STEP, READOUT)) else [None]
        ):
            started = self.reference._started
            whole = {kind: records.copy() for kind, records in expected.items()}
            if tail is not None:
                further = self.reference.forward(*tail)
                self.reference._started = started
                for kind in (STEP, READOUT):
                    more = len(found[kind]) - len(whole[kind])
                    whole[kind] = np.concatenate([whole[kind], further[kind][: max(0, more)]])
            for records in whole.values():
                records["sequence"] += first
            outcome = compare(whole, found)
            if best is None or outcome.total_mismatches < best.total_mismatches:
                best = outcome
        self.comparison.merge(best)

    def _end(self, phase: dict, told: str) -> None:
        """Registers and interrupt, after what ended the phase."""
        trainer, kind = self.reference.trainer, set(phase["kind"].split())
        asked, healing = phase["asked"] is not None or phase["resumed"], trainer.healing
        cut = bool({"reset", "cut"} & kind)
        if cut:
            healing = healing.reset()
        elif "zero" in kind:
            healing = healing.asked(0)
        elif "stop" in kind:
            healing = replace(healing, run=False)
            self.seen["stopped"] += healing.left > 0
        trainer.healing = healing
        wanted = {
            "updates": trainer.dfa.updates, "presented": trainer.reservoir.presented,
            "filled": trainer.reservoir.filled, "heal_count": healing.left, "reservoir_accuracy": healing.accuracy,
            "control": {"run": int(healing.run), "policy": int(healing.policy)},
        }  # fmt: skip
        assert {name: phase[name] for name in wanted} == wanted, told
        assert phase["status"]["healing"] == 0 and phase["healed"] == phase["pin"], told
        if "policy" not in kind:
            # A soft reset ends healing without a word.
            assert phase["healed"] == (asked and not cut), told
        self.seen["interrupts"] += phase["healed"]

    def _require_order(self, phase: dict, found: dict[str, NDArray]) -> None:
        """A packet that is there waits for one healing replay at most; answers are those of the readouts."""
        healed = found[LEARN]["cycle"][np.isin(
            found[LEARN]["sequence"], found[READOUT]["sequence"][found[READOUT]["tag"] == 0]
        )]  # fmt: skip
        firsts = {}
        for record in found[READOUT][::-1]:
            firsts[int(record["tag"])] = record
        for number, arrived in enumerate(phase["arrivals"]):
            own = firsts.get(1 + (phase["first"] + number) % 255)
            if own is not None:
                between = int(((healed > arrived) & (healed < own["cycle"])).sum())
                assert between <= 1, f"a packet waited for {between} healing replays: {phase}"
                self.seen["yielded"] += between
                self.seen["ahead"] += int((healed < arrived).any())
        for parts in phase["answers"]:
            own = firsts[parts[-1][0]]
            assert parts == [[int(own["tag"]), int(own["decision"]), 1, *own["scores"].tolist()]]
            self.seen["answers"] += 1

    def require_counters(self, counters: dict[str, int]) -> None:
        """Those of sequences."""
        names = {"LEARNED": "learned", "REPLAYED": "replayed", "ACCEPTED": "accepted", "HEALED": "healed"}
        assert {name: counters[name] for name in names} == {name: self.seen[each] for name, each in names.items()}

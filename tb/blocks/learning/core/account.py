"""Learning in a core, cycle by cycle: what passes through it, what it counts, and the soft reset that waits."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

from remora.golden.learning.healing import HealingState
from remora.golden.learning.settings import LearningSettings
from remora.spec.crossbar.formats import FEATURE_BITS
from remora.spec.crossbar.learning import REPLAY_STEP
from remora.tb.blocks.learning.core.pulsed import Crossbars
from remora.tb.blocks.learning.test_reservoir import Model
from remora.tb.lib.bench import Block, BlockBench, pack

PHASES = ("learning", "holding", "replaying", "drawing", "inserting", "healing")
"""What a core says of itself."""
SETTINGS = ("host__", "healing__", "replay__", "memory__")
"""Beginnings of the names of inputs that stay as they are through a reset."""
ENDS = ("done", "drawn", "inserted")
"""What ends a phase."""
ARRIVED = ("available", "bank", "length", "flags")
STROBES = (
    "control__start", "control__next_sequence", "control__draw", "control__insert", "control__keep_words",
    "abort", "give_up", "commit__valid", "sequences__reader__read", "host__load_updates", "replay__freeze",
    "replay__clear", "replay__load", "healing__load_count", "healing__load_control", "healing__load_accuracy",
    "memory__data_write", "memory__load", "memory__store",
)  # fmt: skip
"""Inputs that are 0 unless something is asked for."""
WRITES = tuple(f"{name}_{layer}" for name in ("pulses", "pulses_dropped", "devices") for layer in ("hidden", "readout"))
"""Counters of what is written."""
SAMPLED = 6
"""So many of the ports that seldom matter are compared in a cycle."""
OFTEN = 0.25
"""How often inputs that nothing needs change."""


@dataclass
class Stored:
    """A sequence of the buffer: bytes of every step, and its head."""

    features: list[list[int]]
    label: int
    flags: int
    tag: int

    @property
    def length(self) -> int:
        return len(self.features)


class Account:
    """One block: its inputs as they stand, and what it must show of them.

    Attributes:
        held: inputs that stay as they are from cycle to cycle.
        bank: of the sequence whose head is asked for.
        slot: of the reservoir, that was drawn last.
        counted: what the counters of writes grew by since they were taken.
        was_reset: a soft reset took effect in the last cycle.
        ended: what ended in the last cycle: ``done``, ``drawn`` or ``inserted``.
        complete: the last update was.
        blind: nobody reads the map, since the memory window may.
        sound: no word has a wrong parity.
        told: memories of which a word with a wrong parity was read.
        chi: by column and row.
        marks: the fault map, a word a column.
    """

    def __init__(self, bench: BlockBench, block: Block) -> None:
        self.bench, self.block, self.random, self.design = bench, block, bench.random, block.design
        self.crossbars = Crossbars(bench, block)
        self.buffer = {bank: self.some_sequence() for bank in range(self.design.banks)}
        self.bank, self.slot, self.shown = 0, 0, 0
        self.idle: dict[str, int] = {}
        self.given: dict[str, int] = {}
        self.counted: Counter[str] = Counter()
        self.held: dict[str, int] = {"replay__ratio": 0}
        self.reservoir = Model(block)
        self.sound, self.told = True, 0
        self.now = 0
        self.settings = LearningSettings.of(self.design)
        self.forget()

    def forget(self) -> None:
        """What a reset leaves: nothing but what stands in memories of the reservoir, which nobody reads."""
        self.reservoir.n, self.reservoir.held = 0, {}
        self.waiting = self.pending = self.updates = self.updating = self.was_healing = 0
        self.was_reset, self.ended, self.complete, self.blind = False, "", False, True
        self.healing = HealingState()
        self.asked_marks: int | None = None
        """The column of the map that the last cycle asked for."""
        self.replayed: int | None = None
        """What a step of the reservoir was restored to, as it was read last."""
        settings = {name: value for name, value in self.held.items() if name.startswith(SETTINGS)}
        self.held = settings | {f"control__{name}": 0 for name in PHASES}
        design = self.design
        rows, columns = range(design.hidden_rows), range(design.network.hidden + design.network.classes)
        self.chi = {(column, row): 0 for column in columns for row in rows}
        self.marks = dict.fromkeys(columns, 0)
        self.crossbars.forget()

    def some_sequence(self) -> Stored:
        """Any sequence as a packet brings it."""
        random, network = self.random, self.design.network
        length = random.randint(1, network.max_steps)
        features = [
            [random.choice((0, 255, random.getrandbits(8))) for _ in range(network.features)] for _ in range(length)
        ]
        return Stored(features, random.randrange(network.classes), random.getrandbits(8), random.getrandbits(8))

    def phase(self, name: str) -> int:
        return self.held[f"control__{name}"]

    def say(self, **phases: int) -> None:
        """What the core says of itself from now on."""
        self.held |= {f"control__{name}": value for name, value in phases.items()}

    def _some_inputs(self) -> dict[str, int]:
        """What nothing needs, at random."""
        design, random = self.design, self.random
        network, formats = design.network, design.formats
        bits_of = {
            "stored__arrived__available": 1, "stored__arrived__flags": 8, "sequences__arrived__take": 1,
            "sequences__header__free": 1, "words": (formats.stream_bits + 1) * network.hidden,
            "commit__code": formats.adc_bits * design.cell.lanes, "scores": formats.adc_bits * network.classes,
            "memory__pointer": 16, "memory__data_value": 32, "memory__data_strobes": 4, "control__replay_index": 8,
            "map__read": 1, "host__updates_value": 32, "replay__presented_value": 32, "healing__count_value": 32,
            "healing__run_value": 1, "healing__policy_value": 1, "healing__accuracy_value": 16,
        }  # fmt: skip
        below = {
            "stored__arrived__bank": design.banks,
            "sequences__reader__bank": design.banks, "sequences__reader__step": network.max_steps,
            "control__context_index": design.system.contexts, "control__step": network.max_steps,
            "commit__fold": design.folds, "decision": network.classes, "map__column": len(self.marks),
            "replay__filled_value": design.learning.replay_capacity + 1,
        }  # fmt: skip
        inputs = {name: random.getrandbits(bits) for name, bits in bits_of.items()}
        inputs |= {name: random.randrange(end) for name, end in below.items()}
        inputs["stored__arrived__length"] = random.randint(1, network.max_steps)
        inputs["sequences__arrived__take"] &= inputs["stored__arrived__available"]
        return inputs

    def _inputs(self) -> dict[str, int]:
        """Every input as it stands where the core says nothing else."""
        if not self.idle or self.random.random() < OFTEN:
            self.idle = self._some_inputs()
        header = self.buffer[self.bank]
        inputs = self.idle | dict.fromkeys(STROBES, 0) | {
            "sequences__header__bank": self.bank, "stored__reader__features": self.shown,
            "stored__header__length": header.length, "stored__header__label": header.label,
            "stored__header__flags": header.flags, "stored__header__tag": header.tag,
        }  # fmt: skip
        # The map is read while nothing is learnt, and not while memories are used.
        if self.phase("learning") or self.blind:
            inputs["map__read"] = 0
        return inputs

    async def cycle(self, **strobes: int) -> None:
        """A cycle with these inputs besides those that are held; what it shows, compared."""
        given = self._inputs() | self.held | strobes
        self.block.put(**{name: value for name, value in given.items() if self.given.get(name) != value})
        self.given = given
        if given["control__learning"]:
            await self.crossbars.show()
        await self.bench.cycle()
        self.launched = self.crossbars.launched
        self.crossbars.look()
        self._compare(given)
        self._follow(given)
        self.now += 1

    def _compare(self, given: dict[str, int]) -> None:
        block, healing = self.block, self.phase("healing")
        get, holding = block.get, self.phase("holding")
        ends = {name: get(f"control__{name}") for name in ENDS} if holding else dict.fromkeys(ENDS, 0)
        asked = given["abort"] | self.waiting
        reset = asked & (1 - holding | int(any(ends.values())))
        heals = get("healing__run") | get("healing__policy")
        busy = get("memory__busy")
        wanted = {
            "reset": reset, "waiting": self.waiting, "clearing": busy, "map__valid": int(self.asked_marks is not None),
            "host__updating": self.updating, "replay__pending": self.pending,
            "healing__healing": heals | healing, "healing__healed": self.was_healing & ~(heals | healing),
        }  # fmt: skip
        if self.asked_marks is not None:
            wanted["map__marks"] = self.marks[self.asked_marks]
        wanted |= self._counts(ends["done"])
        passed = self._passed(given) | self._reader(given)
        if not holding:
            passed |= dict.fromkeys((f"control__{name}" for name in ENDS), 0)
        passed["control__heal"] = heals & get("control__stocked")
        self.told |= get("memory__parity_errors")
        if self.sound:
            passed["memory__parity_errors"] = 0
        wanted |= {name: passed[name] for name in self.random.sample(list(passed), SAMPLED)}
        self.bench.compare_ports(block, f"cycle {self.now}", wanted)
        self.asked_marks = given["map__column"] if given["map__read"] and not busy else None
        self.was_reset, self.waiting = bool(reset), asked & ~reset
        self.was_healing = (heals | healing) & ~reset
        self.ended = next((name for name, value in ends.items() if value), "")
        if reset:
            self.healing = self.healing.reset()

    def _passed(self, given: dict[str, int]) -> dict[str, int]:
        """What passes unchanged, and what changes seldom."""
        header, healing = self.buffer[self.bank], self.phase("healing")
        passed = {
            **{f"sequences__arrived__{name}": given[f"stored__arrived__{name}"] for name in ARRIVED},
            "stored__arrived__take": given["sequences__arrived__take"],
            "stored__header__bank": self.bank, "stored__header__free": given["sequences__header__free"],
            "sequences__header__flags": header.flags, "sequences__header__tag": 0 if healing else header.tag,
            "stored__reader__bank": self.bank if self.phase("holding") else given["sequences__reader__bank"],
            "control__ratio": given["replay__ratio"], "host__updates": self.updates,
        }  # fmt: skip
        if not self.phase("inserting"):
            held = len(self.reservoir.held)
            passed |= {"replay__presented": self.reservoir.n, "replay__filled": held, "control__stocked": int(held > 0)}
        return passed

    def _reader(self, given: dict[str, int]) -> dict[str, int]:
        """The head and the features of what is at hand: of the buffer, or of the reservoir."""
        header, replaying = self.buffer[self.bank], self.phase("replaying")
        busy = self.phase("learning") | self.phase("inserting")
        wanted: dict[str, int] = {}
        if not busy:
            wanted["stored__reader__read"] = given["sequences__reader__read"] & ~replaying
        elif self.phase("learning") and replaying:
            wanted["stored__reader__read"] = 0
        if not busy and given["sequences__reader__read"]:
            wanted["stored__reader__step"] = given["sequences__reader__step"]
        if not replaying:
            wanted |= {"sequences__header__length": header.length, "sequences__header__label": header.label}
            wanted["sequences__reader__features"] = given["stored__reader__features"]
        elif not self.phase("drawing") and not self.phase("inserting"):
            label, words = self.reservoir.held[self.slot]
            wanted |= {"sequences__header__length": len(words), "sequences__header__label": label}
            if self.replayed is not None:
                wanted["sequences__reader__features"] = self.replayed
        return wanted

    def _counts(self, done: int) -> dict[str, int]:
        """Counters of this cycle, and those of writes added up."""
        get, replaying, healing = self.block.get, self.phase("replaying"), self.phase("healing")
        of = "learned" if not replaying else "healed" if healing else "replayed"
        complete = get(f"counts__{of}") if done else 0
        wanted = dict.fromkeys((f"counts__{name}" for name in ("learned", "replayed", "healed")), 0)
        wanted[f"counts__{of}"] = complete
        if done:
            self.complete = bool(complete)
        drawn = (replaying | self.phase("drawing")) & ~self.phase("inserting")
        wanted |= {
            "counts__learn_cycles": self.phase("learning") & ~replaying,
            "counts__replay_cycles": drawn & ~healing, "counts__heal_cycles": drawn & healing,
            "counts__insert_cycles": self.phase("inserting"),
        }  # fmt: skip
        if not self.phase("inserting"):
            wanted["counts__accepted"] = 0
        if not self.phase("learning"):
            rest = [f"counts__{name}" for name in ("pulses", "pulses_dropped", "feedback_cycles", *WRITES)]
            wanted |= dict.fromkeys(rest, 0)
            return {name: wanted[name] for name in self.random.sample(list(wanted), SAMPLED)}
        found = {name: get(f"counts__{name}") for name in WRITES}
        self.counted.update(found, feedback_cycles=get("counts__feedback_cycles"))
        launched = self.launched
        wanted |= {
            "counts__pulses": (launched.up | launched.down).bit_count() if launched else 0,
            "counts__pulses_dropped": found["pulses_dropped_hidden"] + found["pulses_dropped_readout"],
        }
        pulses = found["pulses_hidden"] + found["pulses_readout"]
        self.bench.compare(self.block, "pulses of both layers", pulses, wanted["counts__pulses"])
        return wanted

    def _follow(self, given: dict[str, int]) -> None:
        """What the cycle leaves."""
        block, model = self.block, self.reservoir
        reads = self.phase("holding") or given["sequences__reader__read"]
        if reads and block.get("stored__reader__read"):
            bank, step = block.get("stored__reader__bank"), block.get("stored__reader__step")
            steps = self.buffer[bank].features if bank in self.buffer else []
            count = FEATURE_BITS * self.design.network.features
            self.shown = pack(steps[step], FEATURE_BITS) if step < len(steps) else self.random.getrandbits(count)
        if self.phase("learning"):
            self.replayed = None
        elif self.phase("replaying") and not self.phase("drawing") and given["sequences__reader__read"]:
            self.replayed = self._restored(given["sequences__reader__step"])
        begins = given["control__start"] and not self.was_reset
        if self.ended == "done":
            self.updating = int(not self.complete)
        if given["host__load_updates"]:
            self.updating, self.updates = 0, given["host__updates_value"]
        if begins:
            self.updates, self.updating = (self.updates + 1) % 2**32, 1
        if given["control__next_sequence"] and not self.was_reset:
            model.begin()
            self.pending = 1
        if self.ended == "inserted":
            self.pending = 0
        if given["replay__clear"]:
            model.n, model.held, self.pending = 0, {}, 0
        if given["replay__load"]:
            model.n, self.pending = given["replay__presented_value"], 0
        self._follow_healing(given, bool(begins))

    def _follow_healing(self, given: dict[str, int], begins: bool) -> None:
        if begins and self.phase("replaying"):
            if self.phase("healing"):
                self.healing = self.healing.begun()
            label, _ = self.reservoir.held[self.slot]
            self.healing = self.healing.replayed(given["decision"] == label, self.settings)
        if given["healing__load_count"]:
            self.healing = self.healing.asked(given["healing__count_value"])
        if given["healing__load_control"]:
            run = bool(given["healing__run_value"] and self.healing.left)
            self.healing = replace(self.healing, run=run, policy=bool(given["healing__policy_value"]))
        if given["healing__load_accuracy"]:
            self.healing = replace(self.healing, accuracy=given["healing__accuracy_value"])

    def _restored(self, step: int) -> int | None:
        _, words = self.reservoir.held[self.slot]
        if step >= len(words):
            return None
        return pack(self.restored(words[step]), FEATURE_BITS)

    def restored(self, word: int) -> list[int]:
        """Bytes of a step of the reservoir. Rule M6."""
        return [REPLAY_STEP * (word >> 4 * index & 15) for index in range(self.design.network.features)]

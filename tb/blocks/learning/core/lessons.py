"""What a core does with learning: it infers, has updates made, draws replays, hands over sequences and heals."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import NamedTuple

from remora.golden.learning.settings import LearningSettings
from remora.spec.crossbar.column_groups import group_borders
from remora.spec.crossbar.layout import Layer
from remora.spec.crossbar.learning import MOST_ACCURACY, MOST_RATE_SHIFT
from remora.tb.blocks.learning.core.account import PHASES, WRITES, Account
from remora.tb.blocks.learning.core.pulsed import Expected
from remora.tb.lib.bench import Block, BlockBench, pack, some_integers
from remora.tb.models.learning import delta, errors, feedback, move, winners
from remora.tb.models.streaming import learned_words

TIMEOUT_CYCLES = 6_000
HEADS = 6
"""Cycles in which the head of a sequence passes that is not learnt."""


class Interrupted(Exception):
    """A bench wants to reset its blocks in this cycle."""


class Inferred(NamedTuple):
    """What a sequence left in the history, and its readout."""

    context: int
    features: list[list[int]]
    words: list[list[int]]
    codes: list[list[int]]
    readout: list[int]
    scores: list[int]


class Lessons(Account):
    """A core that learns one sequence after the other.

    Attributes:
        abort_in: cycles until a soft reset is asked for; None: none is.
        interrupt_in: cycles until `Interrupted` is raised; None: it is not.
        abort_at_start: one is asked for as an update begins.
        written: counts of all updates so far.
    """

    def __init__(self, bench: BlockBench, block: Block) -> None:
        self.abort_in: int | None = None
        self.interrupt_in: int | None = None
        self.abort_at_start = False
        self.written: Counter[str] = Counter()
        super().__init__(bench, block)

    async def cycle(self, **strobes: int) -> None:
        """As of `Account`, with a soft reset where one is due."""
        if self.abort_in is not None:
            strobes["abort"] = int(self.abort_in == 0)
            self.abort_in = self.abort_in - 1 if self.abort_in else None
        await super().cycle(**strobes)
        if self.interrupt_in is not None:
            self.interrupt_in -= 1
            if not self.interrupt_in:
                self.interrupt_in = None
                raise Interrupted
        if self.was_reset:
            self.say(**dict.fromkeys(PHASES, 0))

    def some_settings(self) -> None:
        """Any settings; the core is halted."""
        random = self.random
        settings = LearningSettings(
            seed=random.getrandbits(32),
            winners=random.randint(1, self.design.network.hidden),
            replay_ratio=1,
            hidden_rate_shift=random.randint(0, MOST_RATE_SHIFT),
            readout_rate_shift=random.randint(0, MOST_RATE_SHIFT),
            heal_hidden_rate_shift=random.randint(0, MOST_RATE_SHIFT),
            heal_readout_rate_shift=random.randint(0, MOST_RATE_SHIFT),
            heal_start=random.choice((0, 1, random.randint(MOST_ACCURACY // 2, MOST_ACCURACY))),
            heal_stop=random.randint(MOST_ACCURACY // 2, MOST_ACCURACY),
        )
        self.settings = settings
        self.reservoir.seed = self.settings.seed
        self.held |= {
            "host__seed": settings.seed, "host__winners": settings.winners,
            "host__hidden_rate_shift": settings.hidden_rate_shift,
            "host__readout_rate_shift": settings.readout_rate_shift,
            "healing__hidden_rate_shift": settings.heal_hidden_rate_shift,
            "healing__readout_rate_shift": settings.heal_readout_rate_shift,
            "replay__ratio": random.getrandbits(8),
            "healing__start": settings.heal_start, "healing__stop": settings.heal_stop,
        }  # fmt: skip

    async def until(self, end: str) -> bool:
        """Wait for the end of a phase; whether no soft reset came with it."""
        for _ in range(TIMEOUT_CYCLES):
            await self.cycle()
            if self.ended:
                self.bench.compare(self.block, "what ended", self.ended, end)
                return not self.was_reset
        raise AssertionError(f"{self.block.name}: no {end} within {TIMEOUT_CYCLES} cycles")

    async def infer(self) -> Inferred | None:
        """The steps of the sequence at hand, among those of other contexts; None where a soft reset ends it."""
        design, random = self.design, self.random
        formats, network = design.formats, design.network
        if self.phase("replaying"):
            _, stored = self.reservoir.held[self.slot]
            features = [self.restored(word) for word in stored]
        else:
            features = self.buffer[self.bank].features
        context, words, codes = random.randrange(design.system.contexts), [], []
        for step in range(len(features)):
            where = {"control__context_index": context, "control__step": step}
            await self.cycle(sequences__reader__read=1, sequences__reader__bank=self.bank, sequences__reader__step=step)
            words.append(self.some_words())
            codes.append(some_integers(random, -formats.adc_limit, formats.adc_limit, design.folds * design.cell.lanes))
            streamed = {"words": pack(words[-1], formats.stream_bits + 1)}
            if not self.was_reset:
                await self.cycle(control__keep_words=1, **where, **streamed)
            for fold in range(design.folds):
                if self.was_reset:
                    return None
                of_fold = codes[-1][fold * design.cell.lanes :][: design.cell.lanes]
                kept = {"commit__valid": 1, "commit__fold": fold, "commit__code": pack(of_fold, formats.adc_bits)}
                await self.cycle(**kept, **where)
            if not self.was_reset and design.system.contexts > 1:
                # A step of another context is kept apart.
                other = (context + 1) % design.system.contexts
                code = pack(codes[-1][: design.cell.lanes], formats.adc_bits)
                kept = {"control__context_index": other, "commit__valid": 1, "commit__code": code}
                await self.cycle(control__keep_words=1, **kept)
            if self.was_reset:
                return None
        scores = some_integers(random, -formats.adc_limit, formats.adc_limit, network.classes)
        return Inferred(context, features, words, codes, self.some_words(), scores)

    def some_words(self) -> list[int]:
        """Words of states, as stored."""
        bits, random = self.design.formats.stream_bits + 1, self.random
        return [
            random.choice((0, (1 << bits) - 1, random.getrandbits(bits))) for _ in range(self.design.network.hidden)
        ]

    async def update(self, inferred: Inferred, answering: bool = True) -> bool:
        """The update of the sequence at hand, compared; whether no soft reset came with it."""
        design, formats, replaying = self.design, self.design.formats, self.phase("replaying")
        label = self.reservoir.held[self.slot][0] if replaying else self.buffer[self.bank].label
        stays = {
            "words": pack(inferred.readout, formats.stream_bits + 1),
            "scores": pack(inferred.scores, formats.adc_bits), "control__context_index": inferred.context,
            "decision": self.random.choice((label, self.random.randrange(design.network.classes))),
            "give_up": int(not answering),
        }  # fmt: skip
        self.counted.clear()
        if self.abort_at_start and self.abort_in is None and not self.waiting:
            stays["abort"] = 1
        await self.cycle(control__start=1, control__next_sequence=1 - replaying, **stays)
        if self.was_reset:
            return False
        expected = Expected(self.crossbars, self.marks)
        self.crossbars.answering = answering
        self.held |= stays
        healing = self.phase("healing")
        self.say(learning=1, holding=1)
        goes_on = await self.until("done")
        self.say(learning=0, holding=0)
        if healing:
            self.say(healing=0, replaying=0)
        for name in stays:
            del self.held[name]
        self.crossbars.answering = True
        await self.cycle()
        columns, every = self.block.get("host__columns_done"), design.network.hidden + design.network.classes
        self.bench.compare(self.block, f"{columns} columns are whole groups", columns in group_borders(design), True)
        self.bench.compare(self.block, f"{columns} columns are all", columns == every, self.complete)
        self.bench.compare(
            self.block, "a complete update, where nobody asks for a reset", self.complete or not goes_on, True
        )
        self._learn(inferred, label, columns, bool(healing), expected)
        self._compare_writes(expected, answering)
        if self.complete:
            found, wanted = self.counted["feedback_cycles"], 0 if replaying else design.cycles.preparation
            self.bench.compare(self.block, "cycles of feedback", found, wanted)
        return goes_on

    def _learn(self, inferred: Inferred, label: int, columns: int, healing: bool, expected: Expected) -> None:
        """χ and the pulses of the first columns. Rules L3 to L13."""
        design, settings = self.design.evolve(learning={"seed": self.settings.seed}), self.settings
        network, error = design.network, errors(design, inferred.scores, label)
        returned = [feedback(design, error, column) for column in range(network.hidden)]
        learns = [*winners(returned, settings.winners), *[True] * network.classes]
        rates = (
            (settings.heal_hidden_rate_shift, settings.heal_readout_rate_shift)
            if healing
            else (settings.hidden_rate_shift, settings.readout_rate_shift)
        )
        steps = range(len(inferred.features))
        states = [inferred.words[step] if step else [0] * network.hidden for step in steps]
        rows = [learned_words(design, inferred.features[step], states[step], False) for step in steps]
        for column in range(columns):
            readout = column >= network.hidden
            if not learns[column]:
                continue
            if readout:
                words = learned_words(design, inferred.features[0], inferred.readout, True)
                gradients = [error[column - network.hidden] * word for word in words]
            else:
                deltas = [delta(design, returned[column], inferred.codes[step][column]) for step in steps]
                gradients = [sum(deltas[step] * rows[step][row] for step in steps) for row in range(design.hidden_rows)]
            due = []
            for row, gradient in enumerate(gradients):
                moved = move(design, self.chi[column, row], gradient, readout, rates[readout])
                self.chi[column, row] = moved.accumulator
                due.append((moved.pulses, moved.raised))
            if readout:
                expected.column(Layer.READOUT, column - network.hidden, due[network.features :])
            else:
                expected.column(Layer.HIDDEN, column, due)

    def _compare_writes(self, expected: Expected, answering: bool) -> None:
        """Pulses, and what counters count of them; without an answer there are none."""
        pulses = self.crossbars.taken()
        found, wanted = ({name: counted[name] for name in WRITES} for counted in (self.counted, expected.counted))
        if not answering:
            wanted = dict.fromkeys(WRITES, 0)
        self.bench.compare(self.block, "pulses", pulses, expected.pulses if answering else [])
        self.bench.compare(self.block, "counts of writes", found, wanted)
        self.written.update(found)

    async def draw(self, replay_index: int, healing: bool = False) -> bool:
        """A replay, until it is there; whether no soft reset came with it."""
        model = self.reservoir
        self.slot = model.healed(self.updates) if healing else model.drawn(replay_index)
        self.held["control__replay_index"] = replay_index
        self.say(drawing=1, holding=1, healing=int(healing))
        await self.cycle(control__draw=1)
        self.say(replaying=1)
        self.replayed = None
        goes_on = await self.until("drawn")
        self.say(drawing=0, holding=0)
        del self.held["control__replay_index"]
        return goes_on

    async def replay(self, replay_index: int, healing: bool = False) -> bool:
        """A replay, and its update; whether no soft reset ended it."""
        if not await self.draw(replay_index, healing):
            return False
        inferred = await self.infer()
        return inferred is not None and await self.update(inferred)

    async def insert(self) -> None:
        """The new sequence goes to the reservoir, or not."""
        stored, freeze = self.buffer[self.bank], self.held.get("replay__freeze", 0)
        self.say(inserting=1, holding=1)
        slot = self.reservoir.insert([bytes(step) for step in stored.features], stored.label, bool(freeze))
        await self.cycle(control__insert=1)
        self.say(replaying=0)
        await self.until("inserted")
        self.bench.compare(self.block, "accepted", self.block.get("counts__accepted"), int(slot is not None))
        self.say(inserting=0, holding=0)

    async def lesson(self, ratio: int, answering: bool = True) -> None:
        """A new sequence, its replays, and its insertion; a soft reset ends it."""
        self.bank = self.random.randrange(self.design.banks)
        # One that is only inferred, whose label may be any, goes before.
        self.buffer[self.bank] = replace(self.some_sequence(), label=self.random.getrandbits(16))
        for _ in range(HEADS):
            await self.cycle()
        self.buffer[self.bank] = self.some_sequence()
        inferred = await self.infer()
        if inferred is None or not await self.update(inferred, answering):
            return
        for replay_index in range(ratio if self.reservoir.held else 0):
            if not await self.replay(replay_index):
                return
        await self.insert()

    async def rest(self) -> None:
        """Until healing is up to date, and no soft reset is due; then what healing shows, compared."""
        await self.cycle()
        while self.abort_in is not None:
            await self.cycle()
        await self.cycle()
        await self.cycle()
        state = self.healing
        wanted = {"count": state.left, "run": state.run, "policy": state.policy, "accuracy": state.accuracy}
        self.bench.compare_ports(
            self.block, "healing", {f"healing__{name}": int(value) for name, value in wanted.items()}
        )

    async def heal(self, most: int) -> None:
        """Healing replays, as long as they are asked for."""
        for _ in range(most):
            await self.rest()
            if not self.block.get("control__heal") or not await self.replay(0, healing=True):
                return

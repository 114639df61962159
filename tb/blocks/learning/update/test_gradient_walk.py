"""The gradient walk: what is kept of each step, walked in groups of columns of either layer, and summed in its cycle.

Rules L7 to L10.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.formats import FEATURE_BITS
from remora.spec.crossbar.learning import ERROR_LIMIT, feedback_bound, gradient_bound
from remora.spec.crossbar.update_cycles import HANDED_ON, SUMMED
from remora.spec.lib.fixed import signed_width
from remora.tb.blocks.learning.update.test_gradients import some_value
from remora.tb.lib.bench import Block, BlockBench, block_test, pack, some_word, unpack_signed
from remora.tb.models.learning import delta
from remora.tb.models.streaming import fold_of_rows, learned_words

UPDATES = 12
GROUPS = 8
RESETS = 12
ERROR_BITS = signed_width(ERROR_LIMIT)
NOTED = SUMMED - 2
"""Cycles after the next group's first step in which the last group's position is still shown."""


class Walked(NamedTuple):
    """A fold of a group of columns, as it is walked."""

    position: dict[str, int]
    fold: int
    learns: int
    feedback: list[int]
    words: list[int]
    """Of the readout, as stored."""

    @property
    def readout(self) -> bool:
        return bool(self.position["readout"])

    @property
    def noted(self) -> dict[str, int]:
        """What is shown with the sums."""
        position = {f"summed_position__{name}": value for name, value in self.position.items()}
        return position | {"summed_fold": self.fold, "summed_learns": self.learns}


class Account:
    """A block, what its history holds, and what it must show in which cycle.

    Attributes:
        features: bytes of every step of the sequence at hand.
        error: of every class, in the update at hand.
    """

    def __init__(self, bench: BlockBench, block: Block) -> None:
        self.bench, self.block, self.random, self.now = bench, block, bench.random, 0
        self.design: DesignPoint = block.design
        self.context = 0
        self.words: dict[tuple[int, int], list[int]] = {}
        self.codes: dict[tuple[int, int, int], list[int]] = {}
        self.features: list[list[int]] = []
        self.error: list[int] = []
        self.forget()

    def forget(self) -> None:
        """What a reset leaves: the history."""
        self.asks: dict[int, int] = {}
        self.sums: dict[int, list[int]] = {}
        self.ends: dict[int, Walked] = {}
        self.shown: list[int] | None = None
        self.noted: dict[str, int] | None = None
        self.unnoted = -1
        """The cycle from which the position of the last group need not be shown any more."""

    def some_words(self) -> list[int]:
        """Words of states, as stored."""
        return [some_word(self.random, self.design.formats.stream_bits + 1) for _ in range(self.design.network.hidden)]

    def some_codes(self) -> list[int]:
        """A fold's codes."""
        return [some_value(self.random, self.design.formats.adc_limit) for _ in range(self.design.cell.lanes)]

    def ports(self) -> dict[str, int]:
        """Every input as it stands where nothing needs it: at random, and nothing is kept, walked or handed on."""
        design, random = self.design, self.random
        network, bits = design.network, design.formats.stream_bits + 1
        bits_of = {"words": bits * network.hidden, "first": 1, "last": 1, "features": FEATURE_BITS * network.features}
        values = {name: random.getrandbits(count) for name, count in bits_of.items()}
        values |= {name: random.randrange(network.max_steps) for name in ("step", "walk_step")}
        values |= {"keep_words": 0, "keep_codes": 0, "walk": 0, "hand_on": 0, "fold": random.randrange(design.folds)}
        values["codes"] = pack(self.some_codes(), design.formats.adc_bits)
        values["feedback"] = self.packed_feedback(self.some_feedback())
        return values

    def some_feedback(self) -> list[int]:
        """One value a column."""
        return [some_value(self.random, feedback_bound(self.design)) for _ in range(self.design.learning.columns)]

    def packed_feedback(self, values: list[int]) -> int:
        return pack(values, signed_width(feedback_bound(self.design)))

    async def cycle(self, **given: int) -> None:
        """A cycle with these ports; what it shows, compared."""
        values = self.ports() | given
        if self.now - 1 in self.asks:
            values["features"] = pack(self.features[self.asks[self.now - 1]], FEATURE_BITS)
        self.block.put(context_index=self.context, error=pack(self.error, ERROR_BITS), **values)
        await self.bench.cycle()
        self.compare()
        self.now += 1

    def compare(self) -> None:
        block, now, what = self.block, self.now, f"cycle {self.now}, "
        wanted: dict[str, Any] = {"summed": int(now in self.ends), "read_features": int(now in self.asks)}
        if now in self.asks:
            wanted["feature_step"] = self.asks[now]
        if now in self.ends:
            self.noted = self.ends[now].noted
        elif now == self.unnoted:
            self.noted = None
        wanted |= self.noted or {}
        self.bench.compare_ports(block, what + "ports", wanted)
        self.shown = self.sums.get(now, self.shown)
        if self.shown is not None:
            design = self.design
            bits, count = signed_width(gradient_bound(design)), design.learning_lanes * design.learning.columns
            found = unpack_signed(block.get("gradients"), bits, count)[: len(self.shown)]
            self.bench.compare(block, what + "gradients", found, self.shown)

    async def keep(self, step: int) -> None:
        """The history of a step: its words in any cycle, its codes fold after fold."""
        random, design = self.random, self.design
        words_with = random.randrange(design.folds)
        for fold in range(design.folds):
            codes, words = self.some_codes(), self.some_words()
            ports = {"step": step, "fold": fold, "codes": pack(codes, design.formats.adc_bits), "keep_codes": 1}
            self.codes[self.context, step, fold] = codes
            apart = random.random() < 0.5
            if apart:
                await self.cycle(**ports)
                ports |= {"keep_codes": 0, "codes": pack(self.some_codes(), design.formats.adc_bits)}
            if fold == words_with:
                self.words[self.context, step] = words
                ports |= {"keep_words": 1, "words": pack(words, design.formats.stream_bits + 1)}
            if fold == words_with or not apart:
                await self.cycle(**ports)
            if random.random() < 0.2:
                await self.cycle()

    def some_walked(self) -> Walked:
        """A fold of any columns of a layer that lie in one fold of the cell; those of the readout have no codes."""
        design, random = self.design, self.random
        most, lanes, folds = design.learning.columns, design.cell.lanes, design.folds
        readout = random.random() < 0.3
        of_layer = random.randrange(design.network.classes if readout else design.network.hidden)
        code_fold, code_lane = divmod(of_layer, lanes)
        end = design.network.classes if readout else min(design.network.hidden, (code_fold + 1) * lanes)
        count = random.randint(1, min(most, end - of_layer))
        if readout:
            code_fold, code_lane = random.randrange(folds), random.randrange(lanes)
        column_tile, column_of_tile = divmod(of_layer, design.crossbar.columns)
        position = {
            "readout": int(readout), "count": count, "column": of_layer + readout * design.network.hidden,
            "column_of_layer": of_layer, "column_tile": column_tile, "column_of_tile": column_of_tile,
            "code_fold": code_fold, "code_lane": code_lane,
        }  # fmt: skip
        fold, learns = random.randrange(design.learning_folds), random.getrandbits(count)
        return Walked(position, fold, learns, self.some_feedback(), self.some_words())

    def products(self, walked: Walked, step: int) -> list[int]:
        """What a step adds in every lane of every column of a group."""
        design, position = self.design, walked.position
        states = self.words[self.context, step] if step else [0] * design.network.hidden
        features = self.features[step]
        rows = learned_words(design, features, walked.words if walked.readout else states, walked.readout)
        factors = []
        for column in range(position["count"]):
            if walked.readout:
                factors.append(self.error[position["column_of_layer"] + column])
            else:
                codes = self.codes[self.context, step, position["code_fold"]]
                factors.append(delta(design, walked.feedback[column], codes[position["code_lane"] + column]))
        return [factor * word for factor in factors for word in fold_of_rows(design, rows, walked.fold)]

    def plan(self, walked: Walked, length: int) -> None:
        """What is shown of a fold of a group that is walked from this cycle on."""
        sums: list[int] = []
        for step in range(length):
            walks, products = self.now + step, self.products(walked, step)
            sums = [total + product for total, product in zip(sums or [0] * len(products), products, strict=True)]
            self.sums[walks + SUMMED] = sums
            if not walked.readout:
                self.asks[walks + HANDED_ON] = step
        self.ends[self.now + length - 1 + SUMMED] = walked
        self.unnoted = self.now + NOTED + 1

    async def walk(self, walked: Walked, length: int, cycles: int) -> None:
        """Walk a fold of a group, and let so many cycles pass until the next one's first step."""
        self.plan(walked, length)
        for cycle in range(cycles):
            ports = {f"position__{name}": value for name, value in walked.position.items()}
            ports |= {"fold_index": walked.fold, "learns": walked.learns}
            if walked.readout:
                ports["words"] = pack(walked.words, self.design.formats.stream_bits + 1)
            if cycle < length:
                ports |= {"walk": 1, "walk_step": cycle, "first": int(cycle == 0), "last": int(cycle == length - 1)}
            if cycle == HANDED_ON - 1:
                ports |= {"hand_on": 1, "feedback": self.packed_feedback(walked.feedback)}
            await self.cycle(**ports)

    def begin(self) -> None:
        """The features and errors of another update, of some context."""
        random, network = self.random, self.design.network
        self.context = random.randrange(self.design.system.contexts)
        self.features = [
            [some_word(random, FEATURE_BITS) for _ in range(network.features)] for _ in range(network.max_steps)
        ]
        self.error = [some_value(random, ERROR_LIMIT) for _ in range(network.classes)]

    async def update(self) -> None:
        """Folds of groups of columns, as close as they may be, or apart."""
        random = self.random
        length = random.randint(1, self.design.network.max_steps)
        for _ in range(GROUPS):
            walked = self.some_walked()
            steps = 1 if walked.readout else length
            apart = random.choice((0, 0, 1, random.randrange(9)))
            await self.walk(walked, steps, max(SUMMED, steps + 1) + apart)
        for _ in range(SUMMED + 2):
            await self.cycle()


async def fill(account: Account) -> None:
    """Keep every step of every context."""
    account.begin()
    for context in range(account.design.system.contexts):
        account.context = context
        for step in range(account.design.network.max_steps):
            await account.keep(step)


@block_test
async def updates(bench: BlockBench) -> None:
    """Updates of some contexts, of which some steps are new, cycle by cycle."""

    async def drive(block: Block) -> None:
        account, steps = Account(bench, block), block.design.network.max_steps
        await fill(account)
        for _ in range(UPDATES):
            account.begin()
            for step in bench.random.sample(range(steps), bench.random.randrange(steps + 1)):
                await account.keep(step)
            await account.update()

    await bench.each(drive)


@block_test
async def resets(bench: BlockBench) -> None:
    """A reset ends what is walked, and leaves the history."""
    accounts = [Account(bench, block) for block in bench.blocks]

    async def filled(block: Block) -> None:
        await fill(accounts[bench.blocks.index(block)])

    await bench.each(filled)
    for _ in range(RESETS):
        cycles = bench.random.randrange(1, 2 * SUMMED)

        async def begun(block: Block, cycles: int = cycles) -> None:
            account = accounts[bench.blocks.index(block)]
            account.begin()
            length = min(cycles, bench.random.randint(1, block.design.network.max_steps))
            walked = account.some_walked()
            await account.walk(walked, 1 if walked.readout else length, cycles)

        await bench.each(begun)
        await bench.reset(1)
        for account in accounts:
            account.forget()

        async def after(block: Block) -> None:
            account = accounts[bench.blocks.index(block)]
            for _ in range(bench.random.choice((0, SUMMED + 2))):
                await account.cycle()
            await account.update()

        await bench.each(after)

"""The gradients: every lane's sum, cycle by cycle, whatever is loaded and added when.

Rules L9 and L10.
"""

from __future__ import annotations

from random import Random

from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.formats import FEATURE_BITS
from remora.spec.crossbar.learning import ERROR_LIMIT, delta_bound, gradient_bound
from remora.spec.lib.fixed import signed_width
from remora.tb.lib.bench import Block, BlockBench, block_test, pack, some_word, unpack_signed
from remora.tb.models.streaming import fold_of_rows, learned_words

CYCLES = 1_500


def some_value(random: Random, limit: int) -> int:
    """A value in ±``limit``: an end, 0, of one bit, or any."""
    size = random.choice((limit, 0, min(limit, 1 << random.randrange(limit.bit_length())), random.randint(0, limit)))
    return random.choice((size, -size))


class Account:
    """What the lanes hold: words and deltas of the last load, and sums, None until the first one has begun."""

    def __init__(self, bench: BlockBench, block: Block) -> None:
        self.bench, self.block, self.design = bench, block, block.design
        self.words: list[int] = []
        self.deltas: list[int] = []
        self.sums: list[int] | None = None
        self.spent = [0] * self.design.learning.columns
        """Of each column, the sizes of all deltas in its sums."""

    @property
    def fits(self) -> bool:
        """What is loaded may be added: no sum grows beyond what a sequence gives."""
        most = gradient_bound(self.design) // self.design.formats.stream_limit
        return self.sums is not None and all(
            spent + abs(delta) <= most for spent, delta in zip(self.spent, self.deltas, strict=True)
        )

    def compare(self, what: str) -> None:
        """What is shown, against what is held."""
        if self.sums is None:
            return
        bits = signed_width(gradient_bound(self.design))
        found = unpack_signed(self.block.get("gradients"), bits, len(self.sums))
        self.bench.compare(self.block, what, found, self.sums)

    def add(self, first: bool) -> None:
        """Every lane adds, or starts anew."""
        if first or self.sums is None:
            self.sums, self.spent = [0] * len(self.words) * len(self.deltas), [0] * len(self.deltas)
        products = [word * delta for delta in self.deltas for word in self.words]
        self.sums = [total + product for total, product in zip(self.sums, products, strict=True)]
        self.spent = [spent + abs(delta) for spent, delta in zip(self.spent, self.deltas, strict=True)]

    def offer(self, random: Random, load: bool, given: dict[str, int] | None = None) -> None:
        """Put a step's ports, as ``given`` or at random; take it where it is loaded."""
        design, columns = self.design, self.design.learning.columns
        network, bits = design.network, design.formats.stream_bits + 1
        features = [some_word(random, FEATURE_BITS) for _ in range(network.features)]
        words = [some_word(random, bits) for _ in range(network.hidden)]
        limit = random.choice((delta_bound(design), max(delta_bound(design), ERROR_LIMIT)))
        deltas = [some_value(random, limit) for _ in range(columns)]
        ports = {"readout": random.getrandbits(1), "zero_states": int(random.random() < 0.3)}
        ports |= {"fold_index": random.randrange(design.learning_folds)} | (given or {})
        self.block.put(
            features=pack(features, FEATURE_BITS), words=pack(words, bits), deltas=pack(deltas, delta_width(design)),
            load=int(load), **ports,
        )  # fmt: skip
        if load:
            states = [0] * len(words) if ports["zero_states"] else words
            rows = learned_words(design, features, states, bool(ports["readout"]))
            self.words, self.deltas = fold_of_rows(design, rows, ports["fold_index"]), deltas


def delta_width(design: DesignPoint) -> int:
    """Bits of a δ or an error."""
    return signed_width(max(delta_bound(design), ERROR_LIMIT))


@block_test
async def any_loads(bench: BlockBench) -> None:
    """Loads and additions in any cycle, the same step added again, and loads that are never added."""

    async def drive(block: Block) -> None:
        account, random = Account(bench, block), bench.random
        loads = adds = 0.5
        for cycle in range(CYCLES):
            if cycle % 100 == 0:
                loads, adds = random.choice(((1.0, 1.0), (0.5, 0.5), (0.8, 0.2), (0.2, 0.8)))
            add = bool(account.words) and random.random() < adds
            first = random.random() < 0.2 or (add and not account.fits)
            block.put(add=int(add), first=int(first))
            # What is added was loaded before this cycle, and is seen in the next one.
            before = account.sums
            if add:
                account.add(first)
            account.offer(random, random.random() < loads)
            after, account.sums = account.sums, before
            await bench.cycle()
            account.compare(f"gradients in cycle {cycle}")
            account.sums = after

    await bench.each(drive)


@block_test
async def whole_sequences(bench: BlockBench) -> None:
    """Sequences of every length, a step a cycle, of each fold and layer; the sums stand until the next one."""

    async def drive(block: Block) -> None:
        account, random, design = Account(bench, block), bench.random, block.design
        ways = [
            (steps, fold, readout)
            for readout in (0, 1)
            for steps in ([1] if readout else range(1, design.network.max_steps + 1))
            for fold in range(design.learning_folds)
        ]
        for steps, fold, readout in random.sample(ways, len(ways)) * 6:
            for step in range(steps + 1):
                block.put(add=int(step > 0), first=int(step == 1))
                if step:
                    account.add(step == 1)
                account.offer(random, step < steps, {"fold_index": fold, "readout": readout})
                await bench.cycle()
            block.put(add=0, first=random.getrandbits(1))
            for cycle in range(1 + random.randrange(3)):
                account.offer(random, random.random() < 0.5)
                await bench.cycle()
                account.compare(f"gradients of {steps} steps, fold {fold}, readout {readout}, {cycle} cycles later")

    await bench.each(drive)

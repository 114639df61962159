"""The MiRU cell: sequences of steps, fold by fold and one in each context, against one unit at a time in Python."""

from __future__ import annotations

from dataclasses import dataclass

from remora.spec.crossbar.layout import Layer, layer_layout
from remora.tb.lib.bench import Block, BlockBench, block_test, pack, some_integers, unpack, unpack_signed
from remora.tb.models.miru import update


@dataclass
class Step:
    """A step of one context: its codes, and what the model makes of each unit."""

    context: int
    first: bool
    last: bool
    codes: list[int]
    results: list


class Driver:
    """Runs sequences on one cell, one in each context; ``states`` are those of the model."""

    def __init__(self, bench: BlockBench, block: Block) -> None:
        self.bench, self.block, self.design = bench, block, block.design
        self.contexts, self.every = block.design.system.contexts, block.design.capabilities.reads_every_step
        self.states = [[0] * block.design.network.hidden for _ in range(self.contexts)]
        self.stored: dict[int, Step] = {}
        """The last step of each context."""
        self.coefficients = 0, 0

    async def sequences(self, length: int, gap: float) -> None:
        """Sequences of up to ``length`` steps, of which the first context's has as many, from the zero state.

        ``gap`` is the chance of a cycle without an issue before each fold.
        """
        random = self.bench.random
        reset, update = (random.choice((0, 1, 128, 255, 256, random.randint(0, 256))) for _ in range(2))
        self.coefficients = reset, update
        self.block.put(host__reset_coefficient=reset, host__update_coefficient=update)
        lengths = [length, *(random.randint(0, length) for _ in range(self.contexts - 1))]
        for index in range(length):
            steps = [
                self._step(context, index == 0, index == last - 1)
                for context, last in enumerate(lengths)
                if index < last
            ]
            random.shuffle(steps)
            await self._run(steps, gap)
            for step in steps:
                self.states[step.context] = [result.state for result in step.results]
                self.stored[step.context] = step
            for step in self.stored.values():
                await self._compare_words(step)

    def _step(self, context: int, first: bool, last: bool) -> Step:
        design, (reset_coefficient, update_coefficient) = self.design, self.coefficients
        units = design.network.hidden
        codes = some_integers(self.bench.random, -design.formats.adc_limit, design.formats.adc_limit, units)
        word_coefficient = 256 if last and not self.every else reset_coefficient
        states = [0] * units if first else self.states[context]
        results = [
            update(design, code, state, update_coefficient, word_coefficient)
            for code, state in zip(codes, states, strict=True)
        ]
        # Beyond the last column the ADC interface gives 0.
        return Step(context, first, last, codes + [0] * (design.folds * design.cell.lanes - units), results)

    async def _run(self, steps: list[Step], gap: float) -> None:
        """Steps of different contexts, one right after the other, and the folds of each in any order."""
        design, block, bench = self.design, self.block, self.bench
        lanes, random, waiting = design.cell.lanes, bench.random, []
        for step in steps:
            folds = [(step, fold) for fold in range(design.folds)]
            random.shuffle(folds)
            waiting += folds
        fetched: tuple[Step, int] | None = None
        issued: tuple[Step, int] | None = None
        committed: tuple[Step, int] | None = None
        worded: tuple[Step, int] | None = None
        while waiting or any(each is not None for each in (fetched, issued, committed, worded)):
            at_hand = None if bench.chance(gap) else fetched
            if at_hand is not None:
                fetched = None
            reads = bool(waiting) and fetched is None
            if reads:
                fetched = waiting.pop(0)
                block.put(control__read_context=fetched[0].context, control__read_fold=fetched[1])
            elif fetched is not None:
                block.put(control__read_context=random.randrange(self.contexts))
            block.put(control__read=int(reads), control__issue=int(at_hand is not None))
            if at_hand is not None:
                step, fold = at_hand
                block.put(
                    control__fold=fold, control__first=int(step.first), control__last=int(step.last),
                    control__context_index=step.context,
                    columns__code=pack(step.codes[fold * lanes : (fold + 1) * lanes], design.formats.adc_bits),
                )  # fmt: skip
            else:
                block.put(control__first=random.getrandbits(1), control__last=random.getrandbits(1))
            saturated = random.randint(0, lanes * layer_layout(design, Layer.HIDDEN).row_tiles)
            block.put(columns__saturations=saturated)
            await bench.cycle()
            bench.compare(block, "asked for", block.get("columns__fold"), block.get("control__fold"))
            counted = block.get("counts__adc_saturations")
            bench.compare(block, "adc_saturations", counted, saturated if at_hand is not None else 0)
            bench.compare(block, "commit", block.get("commit__valid"), int(issued is not None))
            if issued is not None:
                self._compare_commit(*issued)
            self._compare_end(committed)
            counted = block.get("counts__word_saturations")
            bench.compare(block, "word_saturations", counted, 0 if worded is None else self._saturated(*worded))
            issued, committed, worded = at_hand, issued, committed

    def _saturated(self, step: Step, fold: int) -> int:
        """Words of a fold that saturate."""
        lanes = self.design.cell.lanes
        stored = step.results[fold * lanes : (fold + 1) * lanes]
        # After a last step nobody streams the words that the next step would.
        saturated = sum(result.word_saturated for result in stored) * (not (self.every and step.last))
        return saturated + sum(result.readout_word_saturated for result in stored) * self.every

    def _compare_end(self, stored: tuple[Step, int] | None) -> None:
        """The last fold's words are stored at the end of this cycle, or another's, or none."""
        ends = stored is not None and stored[1] == self.design.folds - 1
        self.bench.compare(self.block, "ended", self.block.get("ended__valid"), int(ends))
        if stored and ends:
            found = tuple(self.block.get(f"ended__{name}") for name in ("context_index", "last"))
            self.bench.compare(self.block, "context and last of the end", found, (stored[0].context, stored[0].last))

    async def _compare_words(self, step: Step) -> None:
        block, bench, bits = self.block, self.bench, self.design.formats.stream_bits + 1
        block.put(streamed=step.context, read_out=step.context)
        await bench.cycle()
        shown = (
            ("words", [result.word for result in step.results]),
            ("readout_words", [result.readout_word if self.every else result.word for result in step.results]),
        )
        for port, wanted in shown:
            bench.compare(block, port, unpack(block.get(port), bits, self.design.network.hidden), wanted)
        other = bench.random.randrange(self.contexts)
        block.put(**{bench.random.choice(("streamed", "read_out")): other})

    def _compare_commit(self, step: Step, fold: int) -> None:
        design, block, bench = self.design, self.block, self.bench
        lanes, formats = design.cell.lanes, design.formats
        group = step.results[fold * lanes : (fold + 1) * lanes]
        bench.compare(block, "commit_fold", block.get("commit__fold"), fold)
        found = unpack_signed(block.get("commit__code"), formats.adc_bits, lanes)
        bench.compare(block, "commit_code", found, step.codes[fold * lanes : (fold + 1) * lanes])
        for port in ("candidate", "state"):
            found = unpack_signed(block.get(port), formats.state_bits + 1, len(group))
            bench.compare(block, f"{port} of fold {fold}", found, [getattr(result, port) for result in group])


@block_test
async def sequences(bench: BlockBench) -> None:
    """Sequences of every length back to back; the state store starts with whatever it holds."""

    async def drive(block: Block) -> None:
        driver = Driver(bench, block)
        for length in range(1, min(block.design.network.max_steps, 9) + 1):
            for gap in (0.0, 0.5):
                await driver.sequences(length, gap)

    await bench.each(drive)
    assert bench.compared > 20 * len(bench.blocks)


@block_test
async def resets(bench: BlockBench) -> None:
    """A reset ends what was issued, and whatever the store then holds, the next sequence starts from zero."""
    drivers = {block.name: Driver(bench, block) for block in bench.blocks}
    for _ in range(8):
        await bench.each(lambda block: drivers[block.name].sequences(2, 0.3))
        for block in bench.blocks:
            block.put(control__issue=1, columns__code=bench.random.getrandbits(8))
        await bench.cycle()
        for block in bench.blocks:
            block.put(control__issue=0)
        bench.dut.rst.value = 1
        await bench.cycle()
        bench.dut.rst.value = 0
        for _ in range(2):
            await bench.cycle()
            for block in bench.blocks:
                bench.compare(block, "commit after reset", block.get("commit__valid"), 0)

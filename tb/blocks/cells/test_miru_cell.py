"""The MiRU cell: sequences of steps, fold by fold, against one unit at a time in Python."""

from __future__ import annotations

from remora.tb.lib.bench import Block, BlockBench, block_test, pack, some_integers, unpack, unpack_signed
from remora.tb.models.miru import update


class Driver:
    """Runs sequences on one cell; ``states`` are those of the model."""

    def __init__(self, bench: BlockBench, block: Block) -> None:
        self.bench, self.block, self.design = bench, block, block.design
        self.states = [0] * block.design.network.hidden

    async def sequence(self, length: int, gap: float) -> None:
        """A sequence from the zero state; ``gap`` is the chance of a cycle without an issue before each fold."""
        random = self.bench.random
        reset, update = (random.choice((0, 1, 128, 255, 256, random.randint(0, 256))) for _ in range(2))
        self.block.put(host__reset_coefficient=reset, host__update_coefficient=update)
        for step in range(length):
            await self.step(step == 0, step == length - 1, reset, update, gap)

    async def step(self, first: bool, last: bool, reset_coefficient: int, update_coefficient: int, gap: float) -> None:
        """All folds of a step, in any order, compared as they commit; then all words."""
        design, block, bench = self.design, self.block, self.bench
        lanes, units = design.cell.lanes, design.network.hidden
        codes = some_integers(bench.random, -design.formats.adc_limit, design.formats.adc_limit, units)
        codes += [0] * (design.folds * lanes - units)  # as the ADC interface gives beyond the last column
        every = design.capabilities.reads_every_step
        word_coefficient = 256 if last and not every else reset_coefficient
        states = [0] * units if first else self.states
        results = [
            update(design, code, state, update_coefficient, word_coefficient)
            for code, state in zip(codes[:units], states, strict=True)
        ]
        order = list(range(design.folds))
        fetched: int | None = None
        issued: int | None = None
        committed: int | None = None
        worded: int | None = None
        bench.random.shuffle(order)
        while order or any(fold is not None for fold in (fetched, issued, committed, worded)):
            fold = None if bench.chance(gap) else fetched
            if fold is not None:
                fetched = None
            block.put(control__read=int(bool(order) and fetched is None))
            if order and fetched is None:
                fetched = order.pop()
                block.put(control__read_fold=fetched)
            block.put(control__issue=int(fold is not None))
            if fold is not None:
                group = codes[fold * lanes : (fold + 1) * lanes]
                block.put(control__fold=fold, control__first=int(first), control__last=int(last))
                block.put(columns__code=pack(group, design.formats.adc_bits))
            else:
                block.put(control__first=bench.random.getrandbits(1), control__last=bench.random.getrandbits(1))
            saturated = bench.random.randrange(design.cell.lanes)
            block.put(columns__saturations=saturated)
            await bench.cycle()
            bench.compare(block, "asked for", block.get("columns__fold"), block.get("control__fold"))
            counted = block.get("counts__adc_saturations")
            bench.compare(block, "adc_saturations", counted, saturated if fold is not None else 0)
            bench.compare(block, "commit", block.get("commit__valid"), int(issued is not None))
            if issued is not None:
                self._compare_commit(issued, codes, results)
            stored = [] if worded is None else results[worded * lanes : (worded + 1) * lanes]
            # After a last step nobody streams the words that the next step would.
            saturated = sum(result.word_saturated for result in stored) * (not (every and last))
            saturated += sum(result.readout_word_saturated for result in stored) * every
            bench.compare(block, "word_saturations", block.get("counts__word_saturations"), saturated)
            issued, committed, worded = fold, issued, committed
        self.states = [result.state for result in results]
        await bench.cycle()
        words = unpack(block.get("words"), design.formats.stream_bits + 1, units)
        bench.compare(block, "words", words, [result.word for result in results])
        readout_words = unpack(block.get("readout_words"), design.formats.stream_bits + 1, units)
        wanted = [result.readout_word if every else result.word for result in results]
        bench.compare(block, "readout_words", readout_words, wanted)

    def _compare_commit(self, fold: int, codes: list[int], results: list) -> None:
        design, block, bench = self.design, self.block, self.bench
        lanes, formats = design.cell.lanes, design.formats
        group = results[fold * lanes : (fold + 1) * lanes]
        bench.compare(block, "commit_fold", block.get("commit__fold"), fold)
        found = unpack_signed(block.get("commit__code"), formats.adc_bits, lanes)
        bench.compare(block, "commit_code", found, codes[fold * lanes : (fold + 1) * lanes])
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
                await driver.sequence(length, gap)

    await bench.each(drive)
    assert bench.compared > 20 * len(bench.blocks)


@block_test
async def resets(bench: BlockBench) -> None:
    """A reset ends what was issued, and whatever the store then holds, the next sequence starts from zero."""
    drivers = {block.name: Driver(bench, block) for block in bench.blocks}
    for _ in range(8):
        await bench.each(lambda block: drivers[block.name].sequence(2, 0.3))
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

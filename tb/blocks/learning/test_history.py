"""The history: words and codes of every step, read while others are written, and kept through a reset."""

from __future__ import annotations

from itertools import product

from remora.tb.lib.bench import Block, BlockBench, block_test, some_word

CYCLES = 2_500
STROBES = ("write_words", "write_codes", "read_words", "read_codes")


class Account:
    """What was written last, by context, step and, of codes, fold; and what was read last."""

    def __init__(self, bench: BlockBench, block: Block) -> None:
        self.bench, self.block, design = bench, block, block.design
        self.word_bits = (design.formats.stream_bits + 1) * design.network.hidden
        self.code_bits = design.formats.adc_bits * design.cell.lanes
        self.contexts, self.steps = range(design.system.contexts), range(design.network.max_steps)
        self.folds = range(design.folds)
        self.words: dict[tuple[int, int], int] = {}
        self.codes: dict[tuple[int, int, int], int] = {}
        self.shown: dict[str, int | None] = {"read_word_data": None, "read_code_data": None}
        """By port; None where it is unknown."""

    def some(self) -> dict[str, int]:
        """All ports, with what may be asked for in one cycle: no word is read while it is written."""
        random = self.bench.random
        given = {
            "context_index": random.choice(self.contexts),
            **{name: random.choice(self.steps) for name in ("write_step", "word_step", "code_step")},
            **{name: random.choice(self.folds) for name in ("write_fold", "code_fold")},
            **{name: random.getrandbits(1) for name in STROBES},
            "words": some_word(random, self.word_bits),
            "codes": some_word(random, self.code_bits),
        }
        if given["write_step"] == given["word_step"]:
            given["read_words"] &= 1 - given["write_words"]
        if (given["write_step"], given["write_fold"]) == (given["code_step"], given["code_fold"]):
            given["read_codes"] &= 1 - given["write_codes"]
        return given

    async def cycle(self, **given: int) -> None:
        """One cycle with these ports; what it shows of the reads before, compared."""
        self.block.put(**given)
        await self.bench.cycle()
        known = {port: value for port, value in self.shown.items() if value is not None}
        if known:
            self.bench.compare_ports(self.block, f"cycle with {given}", known)
        context = given["context_index"]
        if given["read_words"]:
            self.shown["read_word_data"] = self.words.get((context, given["word_step"]))
        if given["read_codes"]:
            self.shown["read_code_data"] = self.codes.get((context, given["code_step"], given["code_fold"]))
        if given["write_words"]:
            self.words[context, given["write_step"]] = given["words"]
        if given["write_codes"]:
            self.codes[context, given["write_step"], given["write_fold"]] = given["codes"]

    async def fill(self) -> None:
        """Every word, and all codes, in any order."""
        positions = list(product(self.contexts, self.steps, self.folds))
        self.bench.random.shuffle(positions)
        for context, step, fold in positions:
            given = self.some() | {"context_index": context, "write_step": step, "write_fold": fold}
            await self.cycle(**given | dict.fromkeys(STROBES, 0) | {"write_words": 1, "write_codes": 1})

    async def read_all(self) -> None:
        """Every word, and all codes; the words and the codes are not of one step."""
        positions = list(product(self.contexts, self.steps, self.folds))
        self.bench.random.shuffle(positions)
        for context, step, fold in positions:
            other = self.steps[step - 1]
            given = self.some() | {"context_index": context, "word_step": step, "code_step": other, "code_fold": fold}
            await self.cycle(**given | dict.fromkeys(STROBES, 0) | {"read_words": 1, "read_codes": 1})
        await self.cycle(**self.some() | dict.fromkeys(STROBES, 0))


@block_test
async def any_accesses(bench: BlockBench) -> None:
    """Writes and reads in any cycle, of words written before and of others; at the end every one."""

    async def drive(block: Block) -> None:
        account = Account(bench, block)
        for _ in range(CYCLES):
            await account.cycle(**account.some())
        await account.read_all()
        await account.fill()
        await account.read_all()
        block.put(**dict.fromkeys(STROBES, 0))

    await bench.each(drive)


@block_test
async def resets(bench: BlockBench) -> None:
    """Contents survive a reset, in which nothing is stored and nothing is read."""
    accounts = [Account(bench, block) for block in bench.blocks]
    by_name = {account.block.name: account for account in accounts}
    await bench.each(lambda block: by_name[block.name].fill())
    for _ in range(5):
        bench.dut.rst.value = 1
        for account in accounts:
            account.block.put(**account.some())
        await bench.cycle(bench.random.randint(1, 3))
        bench.dut.rst.value = 0
        await bench.each(lambda block: by_name[block.name].read_all())
        for account in accounts:
            account.block.put(**dict.fromkeys(STROBES, 0))

"""The fault map: the sweep after a reset, and three who read what the host wrote, each in its turn.

Rule M16.
"""

from __future__ import annotations

from remora.spec.crossbar.learning import fault_word_bits, fault_words
from remora.tb.lib.bench import Block, BlockBench, block_test

CYCLES = 1_500


async def sweep(bench: BlockBench, block: Block) -> None:
    """The sweep takes a cycle a word; a window that asks meanwhile waits."""
    for cycle in range(fault_words(block.design)):
        # Of the word that is written in this cycle, which a memory does not allow.
        block.put(window__read=bench.random.getrandbits(1), window__column=cycle)
        await bench.cycle()
        found = block.get("clearing"), block.get("window__valid")
        bench.compare(block, f"clearing and valid in cycle {cycle} of the sweep", found, (1, 0))
    block.put(window__read=0)
    await bench.cycle()
    found = block.get("clearing"), block.get("window__valid")
    bench.compare(block, "clearing and valid after the sweep", found, (0, 0))


async def read_all(bench: BlockBench, block: Block, words: list[int]) -> None:
    """Every word as the engine reads it."""
    for column, word in enumerate(words):
        block.put(read=1, column=column)
        await bench.cycle()
        block.put(read=0)
        await bench.cycle()
        bench.compare(block, f"marks of column {column}", block.get("marks"), word)


@block_test
async def three_readers(bench: BlockBench) -> None:
    """Words that the host writes, read by the engine, the window and the host in any order, cycle by cycle."""
    await bench.reset(1)

    async def drive(block: Block) -> None:
        random, count, bits = bench.random, fault_words(block.design), fault_word_bits(block.design)
        await sweep(bench, block)
        words, shown, valid = [0] * count, 0, 0
        await read_all(bench, block, words)
        for cycle in range(CYCLES):
            engine = random.random() < 0.3
            host = not engine and random.random() < 0.3
            window = not engine and random.random() < 0.5
            column, asked, address = (random.randrange(count) for _ in range(3))
            reads = column if engine else address if host else asked if window else None
            # One port has the host's address, and a word is not read while it is written.
            written = random.getrandbits(bits) if random.random() < 0.4 and reads != address else None
            block.put(
                read=int(engine), column=column, host__read=int(host), host__address=address, window__read=int(window),
                window__column=asked, host__write=int(written is not None),
                host__write_data=random.getrandbits(bits) if written is None else written,
            )  # fmt: skip
            await bench.cycle()
            expected = dict.fromkeys(("marks", "window__marks", "host__read_data"), shown) | {"window__valid": valid}
            bench.compare_ports(block, f"cycle {cycle}", expected)
            valid = int(window and not host)
            if reads is not None:
                shown = words[reads]
            if written is not None:
                words[address] = written
        block.put(read=0, host__read=0, window__read=0, host__write=0)
        await bench.cycle()
        await read_all(bench, block, words)

    await bench.each(drive)


@block_test
async def resets(bench: BlockBench) -> None:
    """A reset clears all words, even where it ends a sweep."""
    for _ in range(4):
        for block in bench.blocks:
            if not block.get("clearing"):
                for address in range(fault_words(block.design)):
                    block.put(
                        host__write=1, host__address=address, host__write_data=-1 % (1 << fault_word_bits(block.design))
                    )
                    await bench.cycle()
                block.put(host__write=0)
        await bench.cycle(bench.random.randrange(1, 4))
        await bench.reset(1)

        async def cleared(block: Block) -> None:
            await sweep(bench, block)
            await read_all(bench, block, [0] * fault_words(block.design))

        if bench.chance(0.7):
            await bench.each(cleared)
    await bench.reset(1)
    await bench.each(cleared)

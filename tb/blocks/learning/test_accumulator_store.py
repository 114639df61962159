"""The accumulator store: cleared after every reset, a word a cycle, then a memory, for the host too."""

from __future__ import annotations

from remora.spec.crossbar.learning import accumulator_word_bits, accumulator_words
from remora.tb.lib.bench import Block, BlockBench, block_test


@block_test
async def clears_and_keeps(bench: BlockBench) -> None:
    """Random words written and read; after each reset, one within a sweep, all are 0 once the sweep is over.

    Rule Z1.
    """
    for round_ in range(4):
        await bench.reset(1)
        if round_ == 2:
            await bench.cycle(1)
            await bench.reset(1)

        async def drive(block: Block) -> None:
            design, random = block.design, bench.random
            words, width = accumulator_words(design), accumulator_word_bits(design)
            for _ in range(words):
                await bench.cycle()
                bench.compare(block, "clearing", block.get("clearing"), 1)
            await bench.cycle()
            bench.compare(block, "clearing at the end", block.get("clearing"), 0)
            held = dict.fromkeys(range(words), 0)
            for word in [*range(words), *(random.randrange(words) for _ in range(60))]:
                block.put(read_address=word, read=1)
                await bench.cycle()
                block.put(read=0, read_address=random.randrange(words))
                await bench.cycle()
                bench.compare(block, f"word {word}", block.get("accumulators"), held[word])
                if random.random() < 0.7:
                    held[word] = random.getrandbits(width)
                    block.put(write_address=word, write=1, data=held[word])
                    await bench.cycle()
                    block.put(write=0, data=random.getrandbits(width))
                word = random.randrange(words)
                if random.random() < 0.3:
                    held[word] = random.getrandbits(width)
                    block.put(host__address=word, host__write=1, host__write_data=held[word])
                    await bench.cycle()
                    block.put(host__write=0)
                block.put(host__address=word, host__read=1)
                await bench.cycle()
                block.put(host__read=0)
                await bench.cycle()
                bench.compare(block, f"word {word} for the host", block.get("host__read_data"), held[word])

        await bench.each(drive)

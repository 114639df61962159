"""The memory: what was written last is read, and a read holds until the next."""

from __future__ import annotations

from remora.spec.lib.macro_memories import MOST_DEPTH, MemoryShape
from remora.tb.lib.bench import Block, BlockBench, block_test

CYCLES = 500
WORDS = 16
"""About how many of a memory are written and read."""


def some_words(bench: BlockBench, depth: int) -> list[int]:
    """Words on both sides of every border between macros, and some others."""
    borders = [word for border in range(0, depth + 1, MOST_DEPTH) for word in (border - 1, border) if 0 <= word < depth]
    return sorted({0, depth - 1, *borders, *(bench.random.randrange(depth) for _ in range(WORDS))})


async def traffic(bench: BlockBench, block: Block, words: dict[int, int], cycles: int) -> int | None:
    """Random reads and writes, of one word at most once a cycle; read data compared in every cycle once it is known.

    Returns the word that is shown at the end, None where it is not known. Words are few enough to be met again.
    """
    depth, width = block.parameters["depth"], block.parameters["width"]
    pool = some_words(bench, depth)
    shown = None
    sound = [False, False]
    """Of the words that were read in the last two cycles and in the one before: known, or nothing was read."""
    for _ in range(cycles):
        writing, reading = bench.chance(0.5), bench.chance(0.5)
        write_address, read_address = bench.random.choice(pool), bench.random.choice(pool)
        reading = reading and not (writing and read_address == write_address)
        data = bench.random.getrandbits(width)
        block.put(
            write=int(writing),
            write_address=write_address,
            write_data=data,
            read=int(reading),
            read_address=read_address,
        )
        await bench.cycle()
        if shown is not None:
            bench.compare(block, "read data", block.get("read_data"), shown)
        if "parity" in block.parameters and sound[-2]:
            bench.compare(block, "parity error of a sound word", block.get("parity_error"), 0)
        sound.append(not reading or read_address in words)
        if reading:
            shown = words.get(read_address)
        if writing:
            words[write_address] = data
    block.put(read=0, write=0)
    return shown


@block_test
async def random_traffic(bench: BlockBench) -> None:
    """Every size against a dictionary."""
    await bench.each(lambda block: traffic(bench, block, {}, CYCLES))
    assert bench.compared > 100 * len(bench.blocks)


@block_test
async def content_survives_reset(bench: BlockBench) -> None:
    """A reset touches no word, and while it lasts nothing is stored or read, whatever is asked."""
    contents: dict[str, dict[int, int]] = {block.name: {} for block in bench.blocks}
    shown: dict[str, int | None] = {}

    async def some(block: Block) -> None:
        shown[block.name] = await traffic(bench, block, contents[block.name], 60)

    for _ in range(4):
        await bench.each(some)
        for block in bench.blocks:
            last, data = block.parameters["depth"] - 1, bench.random.getrandbits(block.parameters["width"])
            block.put(write=1, write_address=last, write_data=data, read=int(last > 0), read_address=0)
        await bench.reset(bench.random.randint(1, 3))
        for block in bench.blocks:
            block.put(write=0, read=0)
        assert any(held is not None for held in shown.values()), "no memory shows a word that is known"
        for block in bench.blocks:
            if (held := shown[block.name]) is not None:
                bench.compare(block, "read data after a reset", block.get("read_data"), held)


@block_test
async def violate(bench: BlockBench) -> None:
    """Break the contract as told; the simulation must not come back."""
    block = next(block for block in bench.blocks if block.name == bench.config["block"])
    block.put(**bench.config["violation"])
    await bench.cycle(3)
    bench.compare(block, "simulation ended", False, True)


@block_test
async def flipped_bits_are_told(bench: BlockBench) -> None:
    """One bit of a macro's word flipped behind its back: parity_error at each read of that word, and of no other."""

    async def drive(block: Block) -> None:
        depth, width = block.parameters["depth"], block.parameters["width"]
        banks = MemoryShape(width, depth, parity=True).banks
        words = {address: bench.random.getrandbits(width) for address in some_words(bench, depth)}
        for address, word in words.items():
            block.put(write=1, write_address=address, write_data=word)
            await bench.cycle()
        block.put(write=0)
        await bench.cycle()
        wrong = set()
        for bank in banks:
            for address in bench.random.sample(sorted(words), 1 + len(words) // 4):
                if address not in wrong and bank.first_word <= address < bank.first_word + bank.words:
                    bit = bench.random.choice((0, bank.bits, bench.random.randrange(bank.bits)))
                    word = getattr(getattr(bench.dut, block.name), bank.path).words[address - bank.first_word]
                    word.value = int(word.value) ^ 1 << bit
                    words[address] ^= (1 << bit if bit < bank.bits else 0) << bank.first_bit
                    wrong.add(address)
        assert wrong
        for address in bench.random.choices(sorted(words), k=60) + sorted(wrong):
            block.put(read=1, read_address=address)
            await bench.cycle()
            block.put(read=0)
            await bench.cycle()
            bench.compare(block, f"word {address}", block.get("read_data"), words[address])
            bench.compare(block, "parity error, a cycle early", block.get("parity_error"), 0)
            await bench.cycle()
            bench.compare(block, f"parity error of word {address}", block.get("parity_error"), int(address in wrong))
            await bench.cycle()
            bench.compare(block, "parity error, a cycle late", block.get("parity_error"), 0)

    await bench.each(drive, [block for block in bench.blocks if block.name.startswith("parity")])

"""The rounding unit: the contract's random numbers, in the order in which rows are rounded, whenever they are taken."""

from __future__ import annotations

from remora.spec.crossbar.column_groups import rounded_rows, rounded_words
from remora.spec.crossbar.update_cycles import SUMMED
from remora.spec.lib.rng import HASH_CYCLES
from remora.tb.lib.bench import Block, BlockBench, block_test
from remora.tb.models.learning import rounding_number

LONGEST_WAIT = 3 * HASH_CYCLES


@block_test
async def groups(bench: BlockBench) -> None:
    """Groups of either layer and any fold, update numbers and seeds at their ends.

    Numbers are taken at once or late, and the next group is asked for while numbers of one wait.
    """

    async def drive(block: Block) -> None:
        design, random = block.design, bench.random
        network, rows, words = design.network, rounded_rows(design), rounded_words(design)
        bits, folds = design.learning.accumulator_level.bit_length() - 1, design.learning_folds
        for _ in range(6):
            seed, update = (random.choice((0, 1, 2**32 - 1, random.getrandbits(32))) for _ in range(2))
            block.put(seed=seed, update_number=update)
            wanted: list[list[tuple[bool, int, int]]] = []
            # Groups that are asked for yet, cycles since the last, and numbers of the groups before it that are left.
            asked, since, older = 6, 0, 0
            # Some take numbers in the cycle in which they come, others only what they have seen.
            eager, seen = bench.chance(0.5), False
            while asked or wanted:
                since += 1
                # All draws of a group have begun once its first number is there, so the next may be asked for.
                begun = not wanted or (not older and bool(block.get("valid")) and len(wanted) <= HASH_CYCLES)
                if asked and begun and since > SUMMED and bench.chance(0.5):
                    since, older = 0, len(wanted)
                    readout = random.getrandbits(1)
                    of_layer = network.classes if readout else network.hidden
                    count = random.randint(1, min(of_layer, design.learning.columns))
                    column, fold = random.randrange(of_layer - count + 1), random.randrange(folds)
                    block.put(
                        begins=1, position__readout=readout, position__column_of_layer=column, position__count=count
                    )
                    block.put(fold_index=fold)
                    wanted += [
                        [
                            (bool(readout), column + c, fold * design.learning_lanes + word * rows + row)
                            for row in range(rows)
                        ]
                        for c in range(count)
                        for word in range(words)
                    ]
                    asked -= 1
                take = bench.chance(0.6) and (eager or seen)
                block.put(take=int(take))
                await bench.cycle()
                block.put(begins=0)
                seen = bool(block.get("valid")) and not take
                if not block.get("valid"):
                    continue
                found = block.get("random")
                for slot, (readout, column, row) in enumerate(wanted[0]):
                    number = found >> bits * slot & (1 << bits) - 1
                    expected = rounding_number(design, seed, update, readout, column, row)
                    bench.compare(block, f"r of column {column}, row {row}", number, expected)
                if take:
                    wanted.pop(0)
                    older = max(0, older - 1)
                # The position stays until the draws of the group have begun.
                await _settle(bench, block)
            block.put(take=0)
            for _ in range(LONGEST_WAIT):
                await bench.cycle()
                bench.compare(block, "no number is left", block.get("valid"), 0)

    await bench.each(drive)


async def _settle(bench: BlockBench, block: Block) -> None:
    block.put(take=0)
    await bench.cycle(bench.random.choice((1, 1, 2, 5)))

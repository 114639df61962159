"""The search of rows in the memory of a column: where each row is, in rising order and from the start again."""

from __future__ import annotations

from remora.tb.lib.bench import Block, BlockBench, block_test

COLUMNS = 6
"""How many are taken, one after the other."""


def where(block: Block, column: int, row: int) -> tuple[int, int]:
    """Address and position of a row, by rule M9: a fold's words begin anew."""
    lanes, word_rows = block.parameters["lanes"], block.parameters["word_rows"]
    words_of_fold = -(-lanes // word_rows)
    words = -(-block.parameters["count"] // lanes) * words_of_fold
    fold, lane = divmod(row, lanes)
    return column * words + fold * words_of_fold + lane // word_rows, lane % word_rows


@block_test
async def rows(bench: BlockBench) -> None:
    """Rows of columns in any order; a row is there after as many cycles as there are rows between."""

    async def drive(block: Block) -> None:
        count, at = block.parameters["count"], 0
        for _ in range(COLUMNS):
            column = bench.random.randrange(block.parameters["columns"])
            block.put(take=1, column=column, search=0)
            await bench.cycle()
            block.put(take=0)
            wanted = [*range(count), *(bench.random.randrange(count) for _ in range(count))]
            for row in wanted:
                block.put(row=row, search=1, column=bench.random.randrange(block.parameters["columns"]))
                steps = row - at if row >= at else 1 + row
                for left in range(steps, 0, -1):
                    if bench.chance(0.2):
                        # Nothing moves without a search.
                        block.put(search=0)
                        await bench.cycle(2)
                        block.put(search=1)
                    await bench.cycle()
                    bench.compare(block, f"row {row} found, {left} before", block.get("found"), 0)
                await bench.cycle()
                found = tuple(block.get(port) for port in ("found", "last", "address", "position"))
                expected = (1, int(row == count - 1), *where(block, column, row))
                bench.compare(block, f"found, last, address, position of row {row}", found, expected)
                at = row
                if bench.chance(0.3):
                    # Nor once the row is found.
                    block.put(search=bench.random.getrandbits(1))
                    await bench.cycle(2)
                    bench.compare(
                        block, "row found still", (block.get("found"), block.get("address")), (1, expected[2])
                    )

    await bench.each(drive)

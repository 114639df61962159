"""Resets in any cycle, for benches whose accounts follow a block cycle by cycle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from remora.tb.lib.bench import Block, BlockBench


class Account(Protocol):
    """What a block must show."""

    async def cycle(self) -> None:
        """One cycle of any inputs, compared."""

    def reset(self) -> None:
        """What a reset leaves."""


async def reset_often(bench: BlockBench, accounts: Mapping[str, Account], resets: int, few: int, many: int) -> None:
    """Reset all blocks so many times, after fewer than ``few`` cycles now and then and else fewer than ``many``; go on
    after the last reset, so that what it leaves is compared as well.

    Args:
        accounts: by the name of the block.
    """

    async def run(cycles: int) -> None:
        async def drive(block: Block) -> None:
            for _ in range(cycles):
                await accounts[block.name].cycle()

        await bench.each(drive)

    for number in range(resets):
        await run(bench.random.randrange(few if number % 4 == 0 else many))
        await bench.reset(1)
        for account in accounts.values():
            account.reset()
    await run(many)

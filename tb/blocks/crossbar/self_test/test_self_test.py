"""The self-test: what it drives, reads, pulses, lists and sums in each cycle of whole tests, of others, and of resets.

Rules S1 to S12.
"""

from __future__ import annotations

from remora.spec.crossbar.layout import Layer
from remora.spec.crossbar.self_test.plan import THRESHOLD_BITS
from remora.tb.blocks.crossbar.self_test.drawn_readings import DrawnReadings
from remora.tb.blocks.crossbar.self_test.self_test_account import SelfTestAccount
from remora.tb.blocks.crossbar.self_test.shown_ports import Stopped
from remora.tb.lib.bench import Block, BlockBench, block_test

RESETS = 5
LONG = 5_000
"""Most cycles before a reset."""


def drawn(account: SelfTestAccount, **shares: float) -> DrawnReadings:
    """Readings of the account's design."""
    return DrawnReadings(account.random, account.plan, account.limit, **shares)


def begin(account: SelfTestAccount, stretch: tuple[int, int] = (0, 0), **shares: float) -> None:
    """Prepare a test with any threshold that devices can move by, and any least sum."""
    random, plan = account.random, account.plan
    threshold = random.choice((plan.threshold, random.randint(1, plan.threshold), 1 << random.randrange(6)))
    least = random.choice((1, 1 << random.randrange(12), random.getrandbits(10) + 1))
    account.begin(drawn(account, **shares), threshold, least, stretch)


@block_test
async def whole_tests(bench: BlockBench) -> None:
    """Devices that are pulsed and come back or do not, and a test after it that pulses none."""

    async def drive(block: Block) -> None:
        account = SelfTestAccount(bench, block)
        await account.idle(5)
        begin(account)
        await account.run()
        await account.read_sums()
        await account.read_list()
        begin(account, (2, 1))
        await account.run(weigh=True)
        await account.read_list()
        await account.read_sums()

    await bench.each(drive)


@block_test
async def nothing_moves(bench: BlockBench) -> None:
    """A threshold beyond all changes: every column is dead."""

    async def drive(block: Block) -> None:
        account = SelfTestAccount(bench, block)
        begin(account, hopeless=1.0)
        account.put(host__threshold=(high := 1 << bench.random.randrange(THRESHOLD_BITS - 6, THRESHOLD_BITS)))
        account.threshold = high
        await account.run()
        await account.read_sums()
        await account.read_list()

    await bench.each(drive)


@block_test
async def resets(bench: BlockBench) -> None:
    """A reset at any cycle: idle at once, without findings or sums; the next test waits for a pulse under way."""
    accounts = {block.name: SelfTestAccount(bench, block) for block in bench.blocks}
    for _ in range(RESETS):
        cycles = bench.random.randrange(LONG)

        async def drive(block: Block, cycles: int = cycles) -> None:
            account = accounts[block.name]
            account.left = cycles
            try:
                while True:
                    begin(account, stretch=(bench.random.randrange(3), bench.random.randrange(3)), late=0.3)
                    await account.run(weigh=bench.chance(0.3))
            except Stopped:
                account.left = None

        await bench.each(drive)
        await bench.reset(1)
        for account in accounts.values():
            account.put(host__start=0)
            account.forget()
            account.hold(bench.random.choice(list(Layer)), bench.random.randint(1, 12))

        async def rest(block: Block) -> None:
            await accounts[block.name].idle(bench.random.randrange(4))

        await bench.each(rest)

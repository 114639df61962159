"""The masks of pulses: what is stored by the fold and read by the column, in any cycle, and which columns are dead.

Rules S2 and S6.
"""

from __future__ import annotations

from remora.spec.crossbar.layout import Layer, layer_layout
from remora.spec.crossbar.self_test.plan import GROUP_ROWS, columns_at_once, layer_folds
from remora.tb.lib.bench import Block, BlockBench, block_test, some_word

CYCLES = 1_500
SHOWN = ("left_out", "column_up", "column_down", "column_dead", "rows")


class Account:
    """The masks of the rows and the dead columns, bit by bit from column 0 on."""

    def __init__(self, bench: BlockBench, block: Block) -> None:
        self.bench, self.block, self.design = bench, block, block.design
        self.lanes = {layer: columns_at_once(self.design, layer) for layer in Layer}
        self.columns = {layer: layer_layout(self.design, layer).columns for layer in Layer}
        self.most, self.all = max(self.lanes.values()), max(self.columns.values())
        self.up, self.down, self.dead = [0] * GROUP_ROWS, [0] * GROUP_ROWS, 0

    async def cycle(self, **given: int) -> None:
        """A cycle with all of these ports; what it shows, compared, and what it leaves."""
        layer, column = Layer(given["layer"]), given["column"]
        first = given["fold"] * self.lanes[layer]
        count = min(self.lanes[layer], self.columns[layer] - first)
        inside = ((1 << count) - 1) << first
        self.block.put(**given)
        await self.bench.cycle()
        expected = (
            (self.dead & inside) >> first | (1 << self.most) - (1 << count),
            *(sum((mask >> column & 1) << row for row, mask in enumerate(masks)) for masks in (self.up, self.down)),
            self.dead >> column & 1,
            sum(int(up | down != 0) << row for row, (up, down) in enumerate(zip(self.up, self.down, strict=True))),
        )
        found = tuple(self.block.get(name) for name in SHOWN)
        self.bench.compare(self.block, f"{SHOWN} given {given}", found, expected)
        if given["store"]:
            for masks, name in ((self.up, "up"), (self.down, "down")):
                masks[given["row"]] = masks[given["row"]] & ~inside | given[name] << first & inside
        if given["empty"]:
            self.up, self.down = [0] * GROUP_ROWS, [0] * GROUP_ROWS
        if given["check"]:
            stuck = given["stuck"] << first & inside
            self.dead = self.dead & ~inside | (stuck if given["anew"] else self.dead & stuck)
        if given["clear"]:
            self.dead = 0

    def any_ports(self, layer: Layer, often: float) -> dict[str, int]:
        """Ports of a cycle; of ``store`` and ``empty`` one at most, and of ``check`` and ``clear``."""
        random = self.bench.random
        stores, checks = random.random() < often, random.random() < often
        return {
            "layer": layer, "fold": random.randrange(layer_folds(self.design, layer)),
            "row": random.randrange(GROUP_ROWS), "column": random.randrange(self.columns[layer]),
            "store": int(stores), "empty": int(not stores and random.random() < 0.01),
            "check": int(checks), "clear": int(not checks and random.random() < 0.02),
            "anew": int(random.random() < 0.3),
            **{name: some_word(random, self.most) for name in ("up", "down", "stuck")},
        }  # fmt: skip


@block_test
async def any_folds(bench: BlockBench) -> None:
    """Folds and rows in any order, of the hidden layer and then of the readout, which begins with nothing."""

    async def drive(block: Block) -> None:
        account, random = Account(bench, block), bench.random
        for stretch in range(10):
            layer, often = Layer(stretch % 2), random.choice((0.05, 0.3, 1.0))
            await account.cycle(**account.any_ports(layer, 0) | {"empty": 1, "clear": 1})
            for _ in range(CYCLES // 10):
                await account.cycle(**account.any_ports(layer, often))

    await bench.each(drive)


@block_test
async def resets(bench: BlockBench) -> None:
    """After a reset no device is pulsed and no column is dead."""
    for _ in range(5):
        for layer in Layer:

            async def drive(block: Block, layer: Layer = layer) -> None:
                account = Account(bench, block)
                await account.cycle(**account.any_ports(layer, 0))
                for _ in range(bench.random.randrange(20)):
                    await account.cycle(**account.any_ports(layer, 1.0))

            await bench.each(drive)
            await bench.reset(1)

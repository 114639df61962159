"""What a self-test does, cycle by cycle, on crossbars whose readings are drawn.

Rules S1 to S12.
"""

from __future__ import annotations

from remora.spec.crossbar.layout import Layer, Tile, layer_layout
from remora.spec.crossbar.self_test.plan import (
    BURST_PULSES,
    BURSTS,
    GROUP_ROWS,
    LAST_PULSES,
    MOST_PULSES,
    PLANE_SHARE,
    READS,
    RETURNS,
    Defect,
    Finding,
    columns_at_once,
    layer_folds,
    weighed_planes,
    weighing_repeats,
    weighings,
)
from remora.tb.blocks.crossbar.self_test.drawn_readings import DrawnReadings
from remora.tb.blocks.crossbar.self_test.shown_ports import ShownPorts, name_of

Grid = list[list[int]]
"""A number a pair: by row of the group, by column."""


class SelfTestAccount(ShownPorts):
    """A self-test, and what it must do next.

    Attributes:
        threshold: of movement. ``least``: sum of a plane with which others are compared.
        stretch: further cycles of a reading before it is integrated, and before the sample.
        drawn: what its readings give.
        sums: of the columns, by group of columns, since the test began.
    """

    def begin(self, drawn: DrawnReadings, threshold: int, least: int, stretch: tuple[int, int] = (0, 0)) -> None:
        """What the next test finds, and what it is told."""
        self.drawn, self.threshold, self.least, self.stretch = drawn, threshold, least, stretch
        self.sums: list[list[int]] = []
        self.put(
            host__threshold=threshold, host__least=least, stretch__integrate=stretch[0], stretch__settle=stretch[1]
        )

    async def run(self, weigh: bool = False) -> None:
        """A whole test."""
        self.put(host__start=1, host__weigh=int(weigh))
        await self.cycle()
        self.put(host__start=0)
        self.forget()
        self.busy = True
        self.settle()
        for layer in Layer:
            self.layer, self.layout = layer, layer_layout(self.design, layer)
            self.lanes, self.folds = columns_at_once(self.design, layer), layer_folds(self.design, layer)
            for tile in self.layout.tiles[:: self.layout.column_tiles]:
                await self._row_tile(tile, weigh)
        await self.cycle({"host__done": 1})
        self.busy, self.ended = False, True
        self.settle()

    async def read_sums(self) -> None:
        """Every column as the host reads it, in any order; a lane that is not there has none."""
        lanes = self.design.cell.lanes
        asked = [(group, lane, total) for group, of in enumerate(self.sums) for lane, total in enumerate(of)]
        self.random.shuffle(asked)
        for group, lane, total in [*asked, (0, lanes, 0), (0, lanes | 1 << self.random.randrange(4, 16), 0)]:
            self.put(host__group=group, host__lane=lane)
            await self.idle(2)
            await self.cycle({"host__sum": total})

    async def read_list(self) -> None:
        """Every entry, and one beyond."""
        for entry in range(len(self.findings[: self.plan.findings]) + 2):
            self.point(entry)
            await self.idle(4)

    async def _row_tile(self, tile: Tile, weigh: bool) -> None:
        columns, planes = self.layout.columns, weighed_planes(self.design, self.layer)
        self.tile, self.dead = tile, [False] * columns
        self.column_sums, self.plane_sums = [0] * columns, [0] * planes
        self.drawn.begin_tile(columns, planes)
        for first in range(tile.first_row, tile.first_row + tile.rows, GROUP_ROWS):
            self.rows = list(range(first, min(first + GROUP_ROWS, tile.first_row + tile.rows)))
            self.group = (first - tile.first_row) // GROUP_ROWS
            self.now_sums: Grid = [[0] * columns for _ in self.rows]
            self.drawn.begin_group(len(self.rows), self.group == 0)
            if weigh:
                await self._first_reading(0)
                await self._weigh()
            else:
                stuck = [await self._side(0), await self._side(1)]
                if self.group == 0:
                    await self.idle(len(self.rows) * (self.folds + 1))
                    self.dead = [
                        all(each[row][column] for each in stuck for row in range(len(self.rows)))
                        for column in range(columns)
                    ]
                await self._report(stuck)
        await self._converters()
        await self._planes()
        self._keep_sums()

    async def _scan(self, wanted: list[bool], sums: Grid) -> None:
        """The rows that are wanted are read, so that their pairs have these sums."""
        plane = weighed_planes(self.design, self.layer) - 1
        times = weighing_repeats(self.design, self.layer, plane)
        for index, row in enumerate(self.rows):
            await self.cycle()
            if not wanted[index]:
                continue
            of_column = [self.drawn.codes(total) for total in sums[index]]
            for sample in range(READS):
                await self.read(self.layer, plane, times, self.stretch, row)
                await self.take(self.layer, self._in_folds([codes[sample] for codes in of_column]))
            self.now_sums[index] = sums[index]
        await self.cycle()

    def _in_folds(self, values: list[int]) -> list[list[int]]:
        """Values of all columns by fold; a lane without a column has 0."""
        filled = values + [0] * (self.folds * self.lanes - len(values))
        return [filled[fold * self.lanes : (fold + 1) * self.lanes] for fold in range(self.folds)]

    async def _decide(self) -> None:
        await self.idle(len(self.rows) * (self.folds + 1))

    async def _first_reading(self, side: int) -> None:
        """All rows; that of g⁺ is the target. Rule S3."""
        await self._scan([True] * len(self.rows), self.drawn.first_sums(self.now_sums, side))
        await self._decide()
        if side == 0:
            self.target = [list(row) for row in self.now_sums]

    async def _side(self, side: int) -> list[list[bool]]:
        """The test of a side: which devices are stuck. Rules S3 to S5."""
        await self._first_reading(side)
        if side == 0:
            await self._weigh()
        middle = self.plan.middle
        lowers = [[(-now if side else now) > middle for now in row] for row in self.now_sums]
        moved = [[int(dead) for dead in self.dead] for _ in self.rows]
        await self.cycle()
        if all(self.dead):
            return [[each == 0 for each in row] for row in moved]
        for burst in range(BURSTS):
            chosen = [[each == 0 for each in row] for row in moved]
            if not any(map(any, chosen)):
                break
            raises = [[each == bool(burst % 2) for each in row] for row in lowers]
            times = LAST_PULSES if burst == BURSTS - 1 else BURST_PULSES
            await self._pulse(side, chosen, raises, times)
            before = [list(row) for row in self.now_sums]
            sums = self.drawn.after_burst(before, side, burst, chosen, self.target, self.threshold)
            await self._scan([any(row) for row in chosen], sums)
            await self._decide()
            for row, of_row in enumerate(chosen):
                for column, asked in enumerate(of_row):
                    change = abs(self.now_sums[row][column] - before[row][column])
                    if asked and change >= self.threshold:
                        moved[row][column] = burst + 1
            await self.cycle()
        await self._return(side, moved)
        return [[each == 0 for each in row] for row in moved]

    async def _return(self, side: int, moved: Grid) -> None:
        """Single pulses towards the target. Rule S5."""
        for number in range(RETURNS):
            await self._decide()
            await self.cycle()
            short = [
                [target - now for target, now in zip(*rows, strict=True)]
                for rows in zip(self.target, self.now_sums, strict=True)
            ]
            chosen = [
                [
                    not self.dead[column] and burst > 0 and BURST_PULSES * burst + number < MOST_PULSES
                    and abs(short[row][column]) > self.plan.tolerance
                    for column, burst in enumerate(of_row)
                ]
                for row, of_row in enumerate(moved)
            ]  # fmt: skip
            if not any(map(any, chosen)):
                return
            raises = [[(each > 0) != bool(side) for each in row] for row in short]
            await self._pulse(side, chosen, raises, 1)
            if number + 1 < RETURNS:
                await self._scan([any(row) for row in chosen], self.drawn.near(self.now_sums, self.target, chosen))

    async def _pulse(self, side: int, chosen: list[list[bool]], raises: list[list[bool]], times: int) -> None:
        """The chosen devices, column after column, so many times over all columns. Rule S2."""
        name, rows = name_of(self.layer), self.design.crossbar.rows
        for _ in range(times):
            for column in range(self.layout.columns):
                up = down = 0
                for row, of_row in enumerate(chosen):
                    up |= (of_row[column] and raises[row][column]) << row
                    down |= (of_row[column] and not raises[row][column]) << row
                if not up | down:
                    await self.cycle()
                    continue
                first = GROUP_ROWS * self.group
                pulse = {"pulse": 1, "up": up << first, "down": down << first, "side": side * ((1 << rows) - 1)}
                shown = {f"program_{name}__{port}": value for port, value in pulse.items()}
                await self.cycle(shown | self._selection(column))
                self.hold(self.layer, self.random.choice((1, 1, 2, 3)))
                while self.pulsing:
                    await self.cycle()
            await self.cycle()

    def _selection(self, column: int) -> dict[str, int]:
        """The program port selects a column of the row tile."""
        across, in_tile = divmod(column, self.design.crossbar.columns)
        tile = self.tile.row_tile * self.layout.column_tiles + across
        return {f"program_{name_of(self.layer)}__{port}": at for port, at in (("tile", tile), ("column", in_tile))}

    async def _weigh(self) -> None:
        """Every row on every plane; codes count with the sign of the target. Rules S9 and S10."""
        for row, targets in zip(self.rows, self.target, strict=True):
            signs = [(target > 0) - (target < 0) for target in targets]
            for plane in range(len(self.plane_sums)):
                for _ in range(weighings(self.design, self.layer)):
                    codes = self.drawn.weighed(plane, targets)
                    times = weighing_repeats(self.design, self.layer, plane)
                    await self.read(self.layer, plane, times, self.stretch, row)
                    await self.take(self.layer, self._in_folds(codes))
                    for column, (sign, code) in enumerate(zip(signs, codes, strict=True)):
                        self.column_sums[column] += sign * code
                        self.plane_sums[plane] += sign * code

    async def _report(self, stuck: list[list[list[bool]]]) -> None:
        """Stuck devices, row by row, column by column, g⁺ first. Rule S8."""
        for index, row in enumerate(self.rows):
            for fold in range(self.folds):
                await self.idle(2)
                lanes = [fold * self.lanes + lane for lane in range(self.lanes)]
                columns = [column if column < self.layout.columns else None for column in lanes]
                found = [
                    column is not None and not self.dead[column] and stuck[side][index][column]
                    for column in columns for side in (0, 1)
                ]  # fmt: skip
                if not any(found):
                    continue
                for device, here in enumerate(found):
                    await self.cycle()
                    if here:
                        column = fold * self.lanes + device // 2
                        self.find(Finding(Defect.STUCK, self.layer, device % 2, row, column))

    async def _converters(self) -> None:
        """Every column without a word. Rules S6 and S7."""
        plane = weighed_planes(self.design, self.layer) - 1
        times, limit = weighing_repeats(self.design, self.layer, plane), self.plan.offset
        for column, dead in enumerate(self.dead):
            codes = self.drawn.idle_codes(limit)
            for code in codes:
                stays = self._selection(column)
                await self.read(self.layer, plane, times, self.stretch, stays=stays, code=code)
            await self.cycle()
            off = abs(sum(codes)) >= limit
            if dead or off:
                defect = Defect.OFFSET if not dead else Defect.DEAD_CONVERTER if off else Defect.DEAD_COLUMN
                self.find(Finding(defect, self.layer, 0, self.tile.first_row, column))

    async def _planes(self) -> None:
        """Every plane beside the others. Rule S11."""
        sums = self.plane_sums
        for plane, mine in enumerate(sums):
            await self.idle(len(sums))
            far = [theirs >= self.least and abs(mine - theirs) * PLANE_SHARE >= theirs for theirs in sums]
            if 2 * sum(far) > len(sums) - 1:
                self.find(Finding(Defect.PLANE, self.layer, 0, self.tile.first_row, plane))

    def _keep_sums(self) -> None:
        for fold in range(self.folds):
            self.sums.append(self.column_sums[fold * self.lanes : (fold + 1) * self.lanes])

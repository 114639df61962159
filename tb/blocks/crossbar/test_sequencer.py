"""The sequencer: every strobe in its cycle, as the contract's schedule says, whatever its neighbours do."""

from __future__ import annotations

from collections.abc import Iterator

from remora.spec.crossbar.design import DesignPoint
from remora.tb.lib.bench import Block, BlockBench, block_test

STROBES = (
    "busy", "stepping", "reading_out", "step_done", "sequence__read", "sequence__free", "streaming__enable",
    "hidden__integrate", "hidden__sample", "hidden__convert", "readout__integrate", "readout__sample",
    "readout__convert", "decision__start", "answer__push",
)  # fmt: skip
FOLD_STROBES, BITLINE_STROBES = ("cell__read", "cell__issue"), ("cell__clear", "cell__settle")
"""Of a design whose cells take converted columns, and of one whose cells stand at the bitlines."""
LEARNING_STROBES = ("concluded", "learning__start", "learning__learning", "learning__holding")
"""Of a design that learns."""
REPLAY_STROBES = tuple(
    f"learning__{name}" for name in ("next_sequence", "replaying", "draw", "drawing", "insert", "inserting")
)
"""Of a design that replays."""
Cycle = tuple[set[str], dict[str, int]]
"""Strobes that are high, and the values that mean something."""


def strobes_of(design: DesignPoint) -> set[str]:
    """Strobes that the sequencer of a design point has."""
    strobes = {*STROBES, *LEARNING_STROBES * design.capabilities.learns, *REPLAY_STROBES * design.capabilities.replays}
    return strobes | {*(BITLINE_STROBES if design.capabilities.bistable else FOLD_STROBES)}


def conversion(
    design: DesignPoint, layer: str, planes: int, phase: set[str], values: dict[str, int]
) -> Iterator[Cycle]:
    """Planes, sample, convert; bistable cells take the sample."""
    for plane in range(planes):
        yield {*phase, "streaming__enable", f"{layer}__integrate"}, {"streaming__plane": plane, **values}
    yield {*phase, f"{layer}__sample"}, values
    if layer == "readout" or not design.capabilities.bistable:
        yield {*phase, f"{layer}__convert"}, values


def step_schedule(design: DesignPoint, step: int, length: int, latency: int) -> list[Cycle]:
    """A step of a sequence, where a code is valid ``latency`` cycles after the convert strobe."""
    phase, values = {"busy", "stepping"}, {"step": step, "streaming__first": int(step == 0)}
    schedule = list(conversion(design, "hidden", design.formats.stream_bits, phase, values))
    if design.capabilities.bistable:
        fetch, fetched = ({"sequence__read"}, {"sequence__step": step + 1}) if step < length - 1 else (set(), {})
        return [*schedule, ({*phase, "step_done", "cell__settle", *fetch}, {**values, **fetched})]
    of_cell = {"cell__first": int(step == 0), "cell__last": int(step == length - 1), **values}
    reads = [({"cell__read"}, {"cell__read_fold": fold}) for fold in range(design.folds)]
    schedule[-1] = (schedule[-1][0] | reads[0][0], schedule[-1][1] | reads[0][1])
    schedule += [(phase, values)] * (latency - 1)
    for fold, (read, read_fold) in enumerate([*reads[1:], (set(), {})]):
        schedule.append(({*phase, "cell__issue", *read}, {"cell__fold": fold, **of_cell, **read_fold}))
    if step < length - 1:
        schedule[-1] = ({*schedule[-1][0], "sequence__read"}, {"sequence__step": step + 1, **schedule[-1][1]})
    return [*schedule, (phase, values), ({*phase, "step_done"}, values)]


def readout_schedule(design: DesignPoint, latency: int) -> list[Cycle]:
    """From the last state to the start of the decision."""
    phase = {"busy", "reading_out"}
    planes = 1 if design.capabilities.bistable else design.formats.stream_bits
    return [
        *[(phase, {})] * design.capabilities.bistable,
        *conversion(design, "readout", planes, phase, {}),
        *[(phase, {})] * (latency - 1),
        ({*phase, "decision__start"}, {}),
    ]


class Driver:
    """Plays buffer, crossbars, decision and answer to one sequencer."""

    def __init__(self, bench: BlockBench, block: Block, stall: float) -> None:
        self.bench, self.block, self.design, self.stall = bench, block, block.design, stall
        self._valid_in = {"hidden": -1, "readout": -1}
        self.learns = block.design.capabilities.learns
        self.replays = block.design.capabilities.replays
        self._strobes = strobes_of(block.design)
        self.latency = block.design.crossbar.adc_cycles

    async def cycle(self, strobes: set[str], values: dict[str, int]) -> None:
        """One cycle of the schedule: present what the neighbours answer, compare, and let them see the strobes."""
        for layer, left in self._valid_in.items():
            self.block.put(**{f"{layer}__valid": int(left == 0)})
        await self.bench.cycle()
        found = {name for name in self._strobes if self.block.get(name)}
        self.bench.compare(self.block, "strobes", found, strobes)
        self.bench.compare(self.block, f"values of {strobes}", {name: self.block.get(name) for name in values}, values)
        for layer, left in self._valid_in.items():
            self._valid_in[layer] = self.latency - 1 if f"{layer}__convert" in strobes else left - 1

    async def idle(self, cycles: int) -> None:
        """Nothing happens while there is no sequence, or none may start."""
        for _ in range(cycles):
            run = self.bench.random.getrandbits(1)
            self.block.put(run=run, sequence__available=1 - run)
            await self.cycle(set(), {})

    async def sequence(self, length: int) -> None:
        """A sequence from its start to the push of its result, and on to the end of learning, replays and insertion."""
        random, block = self.bench.random, self.block
        block.put(run=1, sequence__available=1, sequence__length=length, decision__done=0)
        infer, learn = 1, 0
        if self.learns:
            infer, learn = random.choice(((1, 0), (0, 1), (1, 1)))
            block.put(learning__infer=infer, learning__learn=learn, learning__done=0)
        await self.cycle(
            {"sequence__read", *(["cell__clear"] if self.design.capabilities.bistable else [])}, {"sequence__step": 0}
        )
        await self._forward(length, bool(infer), bool(learn), set())
        if learn:
            await self._learn(length)

    async def _forward(self, length: int, infer: bool, learn: bool, mark: set[str]) -> None:
        """Steps and readout; ``mark`` is high all the while."""
        random, block = self.bench.random, self.block
        for step in range(length):
            for strobes, values in step_schedule(self.design, step, length, self.latency):
                block.put(run=random.getrandbits(1), answer__ready=random.getrandbits(1))  # matter to nobody in a step
                await self.cycle(strobes | mark, values)
        for strobes, values in readout_schedule(self.design, self.latency):
            await self.cycle(strobes | mark, values)
        wait, phase = self.design.network.classes, {"busy", "reading_out", *mark}
        while True:
            wait -= 1
            ready = not self.bench.chance(self.stall)
            block.put(decision__done=int(wait <= 0), answer__ready=int(ready))
            if wait <= 0 and (ready or not infer):
                break
            await self.cycle(phase, {})
        strobes = {*phase, *(["answer__push"] if infer else []), *(["concluded"] if self.learns else [])}
        if learn and self.replays and not mark:
            strobes.add("learning__next_sequence")
        await self.cycle({*strobes, "learning__start"} if learn else {*strobes, "sequence__free"}, {})
        block.put(decision__done=0)

    async def _learn(self, length: int) -> None:
        """The sequence keeps its bank until it is learnt, and inserted where there is a reservoir."""
        if not self.replays:
            await self._update(set(), {"sequence__free"})
            return
        stocked, ratio = self.bench.chance(0.8), self.bench.random.choice((0, 1, 2, 3))
        self.block.put(learning__stocked=int(stocked), learning__ratio=ratio)
        await self._update(set(), set())
        mark: set[str] = set()
        for replay_index in range(ratio if stocked else 0):
            drawing, index = (
                {"busy", "learning__holding", "learning__drawing"},
                {"learning__replay_index": replay_index},
            )
            await self.cycle({*drawing, "learning__draw", *mark}, index)
            mark = {"learning__replaying"}
            read, step = {"sequence__read"}, {"sequence__step": 0}
            await self._wait({*drawing, *mark}, index, "learning__drawn", read, step)
            await self._forward(length, False, True, mark)
            await self._update(mark, set())
        inserting = {"busy", "learning__holding", "learning__inserting"}
        await self.cycle({*inserting, "learning__insert", *mark}, {})
        await self._wait(inserting, {}, "learning__inserted", {"sequence__free"}, {})

    async def _update(self, mark: set[str], last: set[str]) -> None:
        learning = {"busy", "learning__learning", "learning__holding"}
        await self._wait({*learning, *mark}, {}, "learning__done", last, {})

    async def _wait(self, phase: set[str], values: dict, port: str, last: set[str], last_values: dict) -> None:
        """The same, until a neighbour says that it is done; with ``last`` in that cycle."""
        for _ in range(self.bench.random.choice((0, 1, 9))):
            self.block.put(run=self.bench.random.getrandbits(1), answer__ready=self.bench.random.getrandbits(1))
            await self.cycle(phase, values)
        self.block.put(**{port: 1})
        await self.cycle(phase | last, values | last_values)
        self.block.put(**{port: 0})


@block_test
async def schedule(bench: BlockBench) -> None:
    """Sequences of every length, back to back and apart, converters of any latency, an answer not always ready."""

    async def drive(block: Block) -> None:
        driver = Driver(bench, block, stall=0.6)
        for length in range(1, block.design.network.max_steps + 1):
            driver.latency = bench.random.choice((1, 2, 3, 8, 13, block.design.crossbar.adc_cycles))
            await driver.sequence(length)
            await driver.idle(bench.random.choice((0, 1, 5)))

    await bench.each(drive)


@block_test
async def cycles_of_a_step(bench: BlockBench) -> None:
    """As many as `remora.spec.crossbar.cycles` says, from the first plane to the last state, every step the same."""

    async def drive(block: Block) -> None:
        design = block.design
        schedule = step_schedule(design, 0, 1, 1 + design.crossbar.adc_cycles)
        bench.compare(block, "length of the schedule", len(schedule), design.cycles.step)
        await Driver(bench, block, stall=0).sequence(design.network.max_steps)

    await bench.each(drive)
    of_mnist = next(block.design for block in bench.blocks if block.name == "mnist")
    bench.compare("mnist", "cycles of a step", len(step_schedule(of_mnist, 0, 28, 9)), of_mnist.cycles.step)


@block_test
async def waits_for_the_converter(bench: BlockBench) -> None:
    """A code that is not valid yet is not used, however long it takes."""

    async def drive(block: Block) -> None:
        driver = Driver(bench, block, stall=0.9)
        driver.latency = 70
        await driver.sequence(1)

    await bench.each(drive)


@block_test
async def resets(bench: BlockBench) -> None:
    """A reset at any cycle returns to idle, and the next sequence starts with its first step and plane."""
    for _ in range(20):
        for block in bench.blocks:
            block.put(run=1, sequence__available=1, sequence__length=1, hidden__valid=1, readout__valid=1)
            if block.design.capabilities.learns:
                block.put(learning__infer=1, learning__learn=1, learning__done=0)
            if block.design.capabilities.replays:
                replay = {"stocked": 1, "ratio": 2, "drawn": 0, "inserted": 0}
                block.put(**{f"learning__{name}": value for name, value in replay.items()})
        await bench.cycle(bench.random.randint(1, 40))
        for block in bench.blocks:
            block.put(run=0)
        await bench.reset(1)
        await bench.each(lambda block: Driver(bench, block, stall=0.3).idle(2))
        await bench.each(lambda block: Driver(bench, block, stall=0.3).sequence(1))
        for block in bench.blocks:
            block.put(run=0, sequence__available=0)
        await bench.cycle()

"""The sequencer: every strobe of a lone sequence in its cycle, as the contract's schedule says, whatever its
neighbours do."""

from __future__ import annotations

from collections.abc import Iterator

from remora.spec.crossbar.cycles import Cycles, Stretch
from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib.packets import Flag
from remora.tb.blocks.crossbar.lone_sequence import SETTLING, LoneSequence
from remora.tb.lib.bench import Block, BlockBench, block_test

TAKE, READ, FREE = "sequences__arrived__take", "sequences__reader__read", "sequences__header__free"
STROBES = (
    "busy", "stepping", "reading_out", "idle", "step_done__valid", TAKE, READ, FREE, "streaming__enable",
    "hidden__drive", "hidden__integrate", "hidden__sample", "hidden__convert", "readout_streaming__enable",
    "readout__drive", "readout__integrate", "readout__sample", "readout__convert", "decision__start", "concluded",
    "answer__push",
)  # fmt: skip
FOLD_STROBES, BITLINE_STROBES = ("cell__read", "cell__issue"), ("cell__clear", "cell__settle")
"""Of a design whose cells take converted columns, and of one whose cells stand at the bitlines."""
LEARNING_STROBES = ("learning__start", "learning__learning", "learning__holding", "learning__keep_words")
"""Of a design that learns."""
REPLAY_STROBES = tuple(
    f"learning__{name}" for name in ("next_sequence", "replaying", "draw", "drawing", "insert", "inserting")
)
"""Of a design that replays."""
HEALING = "learning__healing"
"""Of a design that heals."""
Cycle = tuple[set[str], dict[str, int]]
"""Strobes that are high, and the values that mean something."""
ENDED = "ended"
"""Mark of the cycle in which the cell stores the last words of a step."""


def strobes_of(design: DesignPoint) -> set[str]:
    """Strobes that the sequencer of a design point has."""
    strobes = {*STROBES, *LEARNING_STROBES * design.capabilities.learns, *REPLAY_STROBES * design.capabilities.replays}
    strobes |= {*[HEALING] * design.capabilities.heals}
    return strobes | {*(BITLINE_STROBES if design.capabilities.bistable else FOLD_STROBES)}


def planes(layer: str, count: int, phase: set[str], values: dict[str, int], stretch: Stretch) -> Iterator[Cycle]:
    """The planes of a layer, and the gap after the last."""
    port = "streaming" if layer == "hidden" else "readout_streaming"
    for plane in range(count):
        strobes, values = {*phase, f"{port}__enable"}, {**values, f"{port}__plane": plane}
        yield from [({*strobes, f"{layer}__drive"}, values)] * stretch.integrate
        yield {*strobes, f"{layer}__drive", f"{layer}__integrate"}, values
    yield from [({*phase, *[SETTLING] * (layer == "hidden")}, {})] * stretch.settle


def step_schedule(design: DesignPoint, step: int, length: int, latency: int, stretch: Stretch) -> list[Cycle]:
    """A step of a sequence, where a code is valid ``latency`` cycles after the convert strobe.

    The next step's features are fetched in the last cycle.
    """
    phase, last = {"busy", "stepping"}, step == length - 1
    at_hand = {"at_hand__step": step, "at_hand__last": int(last), "streaming__first": int(step == 0)}
    schedule = list(planes("hidden", design.formats.stream_bits, phase, at_hand, stretch))
    fetch = (set(), {}) if last else ({READ}, {"sequences__reader__step": step + 1})
    sample = {"hidden__sample", *(["learning__keep_words"] if design.capabilities.learns else [])}
    if design.capabilities.bistable:
        return [*schedule, ({*phase, *sample, "step_done__valid", *fetch[0]}, fetch[1])]
    of_cell = {"cell__first": int(step == 0), "cell__last": int(last)}
    schedule += [({*phase, *sample}, {}), ({*phase, "hidden__convert"}, {})]
    schedule += [({*phase, "cell__read"}, {"cell__read_fold": 0})] + [(phase, {})] * (latency - 2)
    for fold in range(design.folds):
        read = ({"cell__read"}, {"cell__read_fold": fold + 1}) if fold < design.folds - 1 else (set(), {})
        schedule.append(({*phase, "cell__issue", *read[0]}, {"cell__fold": fold, **of_cell, **read[1]}))
    return [*schedule, (phase, {}), ({*phase, "step_done__valid", ENDED, *fetch[0]}, fetch[1])]


def readout_schedule(design: DesignPoint, latency: int, stretch: Stretch) -> list[Cycle]:
    """From the last state to the start of the decision."""
    phase = {"busy", "reading_out"}
    schedule: list[Cycle] = []
    if design.capabilities.bistable:
        schedule = [({*phase, "cell__settle"}, {}), (phase, {})]
    schedule += planes("readout", design.readout_planes, phase, {}, stretch)
    schedule += [({*phase, "readout__sample"}, {}), ({*phase, "readout__convert"}, {}), *[(phase, {})] * (latency - 1)]
    return [*schedule, ({*phase, "decision__start"}, {})]


class Driver:
    """Plays buffer, crossbars, cell, decision and answer to one sequencer; one sequence at a time."""

    def __init__(self, bench: BlockBench, block: Block, stall: float) -> None:
        self.bench, self.block, self.design, self.stall = bench, block, block.design, stall
        self._valid_in = {"hidden": -1, "readout": -1}
        self.learns = block.design.capabilities.learns
        self.replays = block.design.capabilities.replays
        self._strobes = strobes_of(block.design)
        self.lone = LoneSequence(block)
        self.latency = 1 + block.design.crossbar.adc_cycles
        self.stretch = Stretch()

    async def cycle(self, strobes: set[str], values: dict[str, int]) -> None:
        """One cycle of the schedule: present what the neighbours answer, compare, and let them see the strobes."""
        if "busy" not in strobes or not strobes & {
            "stepping",
            "reading_out",
            "learning__holding",
            "learning__replaying",
        }:
            strobes = {*strobes, "idle"}
        for layer, left in self._valid_in.items():
            self.block.put(**{f"{layer}__valid": int(left == 0)})
        if not self.design.capabilities.bistable:
            last = values.get("cell__last", getattr(self, "_last", 0))
            self._last = last
            self.block.put(ended__valid=int(ENDED in strobes), ended__last=last)
        await self.bench.cycle()
        found = {name for name in self._strobes if self.block.get(name)}
        self.bench.compare(self.block, "strobes", found, strobes - {ENDED, SETTLING})
        values = values | self.lone.expected(strobes)
        self.bench.compare_ports(self.block, f"values of {strobes}", values)
        self.lone.passed(strobes, values)
        for layer, left in self._valid_in.items():
            self._valid_in[layer] = self.latency - 1 if f"{layer}__convert" in strobes else left - 1

    async def idle(self, cycles: int) -> None:
        """Nothing happens while there is no sequence, or none may start."""
        for _ in range(cycles):
            run = self.bench.random.getrandbits(1)
            self.block.put(run=run, sequences__arrived__available=1 - run)
            await self.cycle(set(), {})

    async def sequence(self, length: int) -> None:
        """A sequence from its start to the push of its result, and on to the end of learning, replays and insertion."""
        random, block = self.bench.random, self.block
        block.put(run=1, sequences__arrived__available=1, sequences__arrived__length=length, decision__done=0)
        block.put(**{f"stretch__{name}": getattr(self.stretch, name) for name in ("integrate", "settle", "convert")})
        infer, learn = 1, 0
        if self.learns:
            infer, learn = random.choice(((1, 0), (0, 1), (1, 1)))
            block.put(learning__done=0)
        flags = int(Flag.INFER) * infer | int(Flag.LEARN) * learn
        block.put(sequences__arrived__flags=flags, sequences__header__flags=flags, sequences__header__length=length)
        self.lone.arrives(random.randrange(self.design.banks))
        await self.cycle({TAKE}, {})
        block.put(sequences__arrived__available=0)
        await self._forward(length, bool(infer), bool(learn), set())
        if learn:
            await self._learn(length)

    async def _forward(self, length: int, infer: bool, learn: bool, mark: set[str]) -> None:
        """Steps and readout; ``mark`` is high all the while."""
        random, block = self.bench.random, self.block
        clear = {"cell__clear"} if self.design.capabilities.bistable else set()
        await self.cycle({"busy", READ, *clear, *mark}, {"sequences__reader__step": 0})
        settles = False
        for step in range(length):
            for strobes, values in step_schedule(self.design, step, length, self.latency, self.stretch):
                block.put(run=random.getrandbits(1), answer__ready=random.getrandbits(1))  # matter to nobody in a step
                await self.cycle(strobes | mark | ({"cell__settle"} if settles else set()), values)
                settles = self.design.capabilities.bistable and "hidden__sample" in strobes
        for strobes, values in readout_schedule(self.design, self.latency, self.stretch):
            await self.cycle(strobes | mark, values)
        wait, phase = self.design.network.classes, {"busy", "reading_out", *mark}
        # With several contexts there is always a place for the answer.
        waits = infer
        while True:
            wait -= 1
            ready = not self.bench.chance(self.stall)
            block.put(decision__done=int(wait <= 0), answer__ready=int(ready))
            if wait <= 0 and (ready or not waits):
                break
            await self.cycle(phase, {})
        strobes = {*phase, "concluded", *(["answer__push"] if infer else [])}
        if learn and self.replays and not mark:
            strobes.add("learning__next_sequence")
        await self.cycle({*strobes, "learning__start"} if learn else {*strobes, FREE}, {})
        block.put(decision__done=0)
        if infer:
            self._left()

    def _left(self) -> None:
        """The answer leaves at once, so that the next one has a place."""
        positions = 2 * self.design.system.contexts
        self.block.put(oldest=(self.block.get("oldest") + 1) % positions if positions > 2 else 0)

    async def _learn(self, length: int) -> None:
        """The sequence keeps its bank until it is learnt, and inserted where there is a reservoir."""
        if not self.replays:
            await self._update(set(), {FREE})
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
            await self._wait({*drawing, *mark}, index, "learning__drawn", set(), {})
            await self._forward(length, False, True, mark)
            await self._update(mark, set())
        inserting = {"busy", "learning__holding", "learning__inserting"}
        await self.cycle({*inserting, "learning__insert", *mark}, {})
        await self._wait(inserting, {}, "learning__inserted", {FREE}, {})

    async def heal(self, length: int, arrives: bool) -> None:
        """A healing replay from the cycle in which it is asked for to the end of its update. No bank is freed. Where a
        packet ``arrives`` meanwhile it waits, and is taken in the cycle after, though more healing is asked for."""
        block = self.block
        block.put(run=1, sequences__arrived__available=0, learning__heal=1, learning__stocked=1)
        # What the header of a packet that came before says is of no account.
        block.put(sequences__header__flags=self.bench.random.getrandbits(2), sequences__header__length=length)
        await self.cycle(set(), {})
        block.put(sequences__arrived__available=int(arrives), sequences__arrived__flags=int(Flag.INFER))
        drawing = {"busy", "learning__holding", "learning__drawing", HEALING}
        await self.cycle({*drawing, "learning__draw"}, {"learning__replay_index": 0})
        mark = {"learning__replaying", HEALING}
        await self._wait({*drawing, *mark}, {}, "learning__drawn", set(), {})
        await self._forward(length, False, True, mark)
        await self._update(mark, set())
        block.put(run=1, learning__heal=int(arrives))

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
            driver.stretch = Stretch(*(bench.random.choice((0, 0, 1, 2, 11)) for _ in range(3)))
            driver.latency = bench.random.choice((2, 3, 8, 13, 1 + block.design.crossbar.adc_cycles))
            driver.latency += driver.stretch.convert
            await driver.sequence(length)
            await driver.idle(bench.random.choice((0, 1, 5)))

    await bench.each(drive)


@block_test
async def heals(bench: BlockBench) -> None:
    """Healing replays one after the other, and between packets, which go first; asked for while the core may not run
    or a sequence is there, none begins."""

    async def drive(block: Block) -> None:
        driver, random = Driver(bench, block, stall=0.3), bench.random
        for length in [*range(1, block.design.network.max_steps + 1)] * 2:
            driver.latency = random.choice((2, 3, 1 + block.design.crossbar.adc_cycles))
            arrives = random.random() < 0.5
            await driver.heal(length, arrives)
            if arrives:
                await driver.sequence(length)
            block.put(learning__heal=1)
            for _ in range(random.choice((0, 3))):
                block.put(run=0, sequences__arrived__available=0)
                await driver.cycle(set(), {})
            block.put(learning__heal=random.getrandbits(1))
            if random.random() < 0.5:
                await driver.sequence(length)
            block.put(learning__heal=0)
            await driver.idle(random.choice((0, 1, 5)))

    await bench.each(drive, [block for block in bench.blocks if block.design.capabilities.heals])


@block_test
async def cycles_of_a_step(bench: BlockBench) -> None:
    """As many as `remora.spec.crossbar.cycles` says, from the first plane to the last state, every step the same."""

    async def drive(block: Block) -> None:
        design, driver = block.design, Driver(bench, block, stall=0)
        for stretch in (Stretch(), Stretch(1, 0, 0), Stretch(0, 3, 2), Stretch(2, 1, 255)):
            cycles = Cycles(design, stretch)
            # The crossbars tell that codes are valid when they may be used.
            driver.stretch, driver.latency = stretch, 1 + cycles.conversion
            step = len(step_schedule(design, 0, 1, driver.latency, stretch))
            bench.compare(block, "length of the schedule", step, cycles.step)
            readout = len(readout_schedule(design, driver.latency, stretch)) + design.network.classes
            bench.compare(block, "length of a readout", readout, cycles.readout)
            await driver.sequence(design.network.max_steps)

    await bench.each(drive)


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
            block.put(run=1, sequences__arrived__available=1, sequences__arrived__length=1, hidden__valid=1)
            block.put(readout__valid=1)
            if block.design.capabilities.replays:
                replay = {"stocked": 1, "ratio": 2, "drawn": 0, "inserted": 0}
                block.put(**{f"learning__{name}": value for name, value in replay.items()})
        await bench.cycle(bench.random.randint(1, 40))
        for block in bench.blocks:
            block.put(run=0, oldest=0, hidden__valid=0, readout__valid=0)
        await bench.reset(1)
        await bench.each(lambda block: Driver(bench, block, stall=0.3).idle(2))
        await bench.each(lambda block: Driver(bench, block, stall=0.3).sequence(1))
        for block in bench.blocks:
            block.put(run=0, sequences__arrived__available=0)
        await bench.cycle()

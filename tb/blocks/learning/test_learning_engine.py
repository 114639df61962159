"""The learning engine alone: its cycles are those of the model, and a stop or a reset at any cycle leaves χ, pulses and
progress of whole groups of columns."""

from __future__ import annotations

from dataclasses import dataclass, field

from remora.spec.crossbar.column_groups import column_groups, group_borders, rounded_words
from remora.spec.crossbar.layout import Layer, layer_layout
from remora.spec.crossbar.learning import accumulator_words
from remora.tb.lib.bench import Block, BlockBench, block_test, pack

TIMEOUT_CYCLES = 20_000
PORTS = {Layer.HIDDEN: "program_hidden", Layer.READOUT: "program_readout"}


@dataclass
class Story:
    """What an update did.

    Attributes:
        pulses: column, and rows up, down and side of each pulse.
        updated: column, fold and lane of new χ, and their values.
        columns: how many columns the engine says are done.
        cycles, preparing: of the update, and before its first group.
        learned: it was complete.
    """

    pulses: list[tuple[int, int, int, int]] = field(default_factory=list)
    updated: list[tuple[int, int, int, int]] = field(default_factory=list)
    columns: int = 0
    cycles: int = 0
    preparing: int = 0
    learned: bool = False

    def until(self, columns: int) -> Story:
        """The part of it in the columns before one."""
        pulses, updated = ([each for each in part if each[0] < columns] for part in (self.pulses, self.updated))
        return Story(pulses, updated)


class Watch:
    """Looks at one engine cycle by cycle, and answers as the crossbars do: busy after a pulse."""

    def __init__(self, block: Block) -> None:
        self.block, self.design, self.busy, self.story = block, block.design, 0, Story()
        self.accumulates = self.design.capabilities.accumulates

    def look(self) -> None:
        """The cycle that has just ended."""
        block, story = self.block, self.story
        story.cycles += 1
        story.preparing += block.get("preparing")
        self.busy = max(0, self.busy - 1)
        for layer, port in PORTS.items():
            if not block.get(f"{port}__pulse"):
                continue
            layout, first = layer_layout(self.design, layer), self.design.network.hidden * layer
            tile = block.get(f"{port}__tile") % layout.column_tiles
            column = first + tile * self.design.crossbar.columns + block.get(f"{port}__column")
            up, down, side = (block.get(f"{port}__{name}") for name in ("up", "down", "side"))
            story.pulses.append((column, up, down, side))
            self.busy = self.design.crossbar.pulse_cycles
        for port in PORTS.values():
            block.put(**{f"{port}__busy": int(self.busy > 0), f"{port}__sensed": int(self.busy == 0)})
        if self.accumulates and block.get("updated"):
            column, fold, lane = (block.get(f"updated_{name}") for name in ("column", "fold", "lane"))
            story.updated.append((column, fold, lane, block.get("accumulators")))

    async def quiet(self, bench: BlockBench, cycles: int) -> None:
        """Nothing happens any more."""
        before = len(self.story.pulses), len(self.story.updated)
        for _ in range(cycles):
            await bench.cycle()
            self.look()
        bench.compare(
            self.block, "pulses and χ after the end", (len(self.story.pulses), len(self.story.updated)), before
        )


async def keep_history(bench: BlockBench, block: Block) -> None:
    """A sequence of the longest length, as the core would have kept it."""
    design, random = block.design, bench.random
    network, formats = design.network, design.formats
    word_bits = formats.stream_bits + 1
    for step in range(network.max_steps):
        words = [random.getrandbits(word_bits) for _ in range(network.hidden)]
        block.put(step=step, keep_words=1, words=pack(words, word_bits), keep_codes=1)
        for fold in range(design.folds):
            codes = [random.randint(-formats.adc_limit, formats.adc_limit) for _ in range(design.cell.lanes)]
            block.put(fold=fold, codes=pack(codes, formats.adc_bits))
            await bench.cycle()
    block.put(keep_words=0, keep_codes=0, features=random.getrandbits(8 * network.features))
    scores = [random.randint(-formats.adc_limit, formats.adc_limit) for _ in range(network.classes)]
    block.put(label=0, seed=design.learning.seed, scores=pack(scores, formats.adc_bits))
    if design.capabilities.selects:
        block.put(winners=design.winners)


async def update(bench: BlockBench, block: Block, length: int, stop_after: int | None = None) -> Story:
    """An update, stopped so many cycles after its start or not at all."""
    watch = Watch(block)
    block.put(start=1, length=length)
    await bench.cycle()
    block.put(start=0)
    for number in range(TIMEOUT_CYCLES):
        if number == stop_after:
            block.put(stop=1)
        await bench.cycle()
        watch.look()
        if block.get("done"):
            watch.story.learned = bool(block.get("learned"))
            break
    else:
        raise AssertionError(f"{block.name}: an update takes more than {TIMEOUT_CYCLES} cycles")
    block.put(stop=0)
    await watch.quiet(bench, 1)
    watch.story.columns, watch.story.cycles = block.get("columns_done"), watch.story.cycles - 1
    return watch.story


async def cleared(bench: BlockBench, block: Block) -> None:
    """Wait for χ of 0."""
    for _ in range(accumulator_words(block.design) + 2):
        await bench.cycle()
        if not block.get("clearing"):
            return
    raise AssertionError(f"{block.name}: χ are never cleared")


def blocks_of(bench: BlockBench, kind: str) -> list[Block]:
    """The instances of one kind: names are ``<kind>_<design>``."""
    return [block for block in bench.blocks if block.name.startswith(kind)]


@block_test
async def cycles(bench: BlockBench) -> None:
    """Updates without pulses, of every length, take the cycles of the model; with winners, at least as many.

    Rates are so small that no pulse falls due.
    """

    async def drive(block: Block) -> None:
        design = block.design
        await cleared(bench, block)
        await keep_history(bench, block)
        for length in range(1, design.network.max_steps + 1):
            story = await update(bench, block, length)
            bench.compare(block, "pulses", story.pulses, [])
            bench.compare(block, "the update is complete", story.learned, True)
            bench.compare(block, "cycles of preparation", story.preparing, design.cycles.preparation)
            wanted, most = design.cycles.fewest_update(length), design.cycles.most_update(length)
            if design.capabilities.selects:
                within = wanted <= story.cycles <= most
                bench.compare(block, f"{story.cycles} cycles lie in {wanted} … {most}", within, True)
            else:
                bench.compare(block, f"cycles of an update of {length} steps", story.cycles, wanted)

    await bench.each(drive, blocks_of(bench, "silent"))


async def whole_story(bench: BlockBench, block: Block) -> Story:
    """An update from χ of 0 to its end: every column learns and is written, in ascending order."""
    design = block.design
    await cleared(bench, block)
    story = await update(bench, block, design.network.max_steps)
    total = design.network.hidden + design.network.classes
    pulsed = [column for column, *_ in story.pulses]
    bench.compare(block, "columns are written in order", pulsed, sorted(pulsed))
    bench.compare(block, "columns with pulses", len(set(pulsed)) > 1, True)
    bench.compare(block, "columns done", (story.columns, story.learned), (total, True))
    if design.capabilities.accumulates:
        words, groups = rounded_words(design), column_groups(design)
        wanted = [
            (group.first + column, fold, word)
            for group in groups
            for fold in range(design.learning_folds)
            for column in range(group.count)
            for word in range(words)
        ]
        rows = max(lane for _, _, lane, _ in story.updated) // max(1, words - 1)
        found = [(column, fold, lane // max(1, rows)) for column, fold, lane, _ in story.updated]
        bench.compare(block, "order of χ", found, wanted)
    fewest, most = (
        design.cycles.fewest_update(design.network.max_steps),
        design.cycles.most_update(design.network.max_steps),
    )
    bench.compare(block, f"{story.cycles} cycles lie in {fewest} … {most}", fewest <= story.cycles <= most, True)
    return story


@block_test
async def stops(bench: BlockBench) -> None:
    """A stop at every cycle of the first groups, and here and there later: χ and pulses are those of the columns done,
    which are whole groups.

    Rules L17 and Z3.
    """

    async def drive(block: Block) -> None:
        design = block.design
        await keep_history(bench, block)
        stories[block.name] = whole = await whole_story(bench, block)
        borders = group_borders(design)
        span = design.cycles.preparation + 3 * max(
            design.cycles.group(design.network.max_steps), design.cycles.rounding
        )
        seen = set()
        late = [bench.random.randrange(whole.cycles) for _ in range(12)]
        for stop_after in [*range(design.cycles.errors, span), *late]:
            await reset(bench, block)
            story = await update(bench, block, design.network.max_steps, stop_after)
            seen.add(story.columns)
            bench.compare(block, f"{story.columns} columns are whole groups", story.columns in borders, True)
            wanted, what = whole.until(story.columns), f"stopped after {stop_after} cycles, {story.columns} columns"
            bench.compare(block, f"pulses, {what}", story.pulses, wanted.pulses)
            bench.compare(block, f"χ, {what}", story.updated, wanted.updated)
            bench.compare(block, f"complete, {what}", story.learned, story.columns == max(borders))
        bench.compare(block, "stops between groups", len(seen) > 2, True)

    stories: dict[str, Story] = {}
    await bench.each(drive, blocks_of(bench, "quick"))


async def reset(bench: BlockBench, block: Block) -> None:
    """q and χ of 0, as after a reset of this block alone."""
    block.put(load_updates=1, updates_value=0)
    await bench.cycle()
    block.put(load_updates=0)
    if not block.design.capabilities.accumulates:
        return
    block.put(host__write=1, host__write_data=0)
    for address in range(accumulator_words(block.design)):
        block.put(host__address=address)
        await bench.cycle()
    block.put(host__write=0)


@block_test
async def resets(bench: BlockBench) -> None:
    """A reset at any cycle: what has been pulsed until then is the beginning of what the whole update pulses, nothing
    follows, no column is said to be done, and χ are 0.

    Rule Z1.
    """
    blocks = blocks_of(bench, "quick")
    for block in blocks:
        await keep_history(bench, block)
    stories: dict[str, Story] = {}

    async def tell(block: Block) -> None:
        stories[block.name] = await whole_story(bench, block)

    await bench.reset(1)
    await bench.each(tell, blocks)
    longest = max(story.cycles for story in stories.values())
    for number in range(24):
        await bench.reset(1)
        await bench.each(lambda block: cleared(bench, block), blocks)
        watches = [Watch(block) for block in blocks]
        for block in blocks:
            block.put(start=1, length=block.design.network.max_steps)
        await bench.cycle()
        for block in blocks:
            block.put(start=0)
        for _ in range(bench.random.randrange(longest if number % 2 else longest // 4)):
            await bench.cycle()
            for watch in watches:
                watch.look()
        await bench.reset(1)
        for watch in watches:
            block, whole = watch.block, stories[watch.block.name]
            bench.compare(block, "pulses before a reset", watch.story.pulses, whole.pulses[: len(watch.story.pulses)])
            bench.compare(block, "χ before a reset", watch.story.updated, whole.updated[: len(watch.story.updated)])
            watch.busy, watch.story = 0, Story()
        for watch in watches:
            await watch.quiet(bench, 2)
            bench.compare(watch.block, "columns done after a reset", watch.block.get("columns_done"), 0)

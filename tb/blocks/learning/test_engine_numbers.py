"""The learning engine alone, in numbers: errors, feedback, gradients, χ and pulses of updates, whole and cut short.

Rules L1 to L17, P1 to P4, M9, M16.
"""

from __future__ import annotations

from collections import Counter

from remora.spec.crossbar.column_groups import ColumnGroup, column_groups, group_borders
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.formats import FEATURE_BITS
from remora.spec.crossbar.layout import Layer, layer_layout
from remora.spec.crossbar.learning import (
    ERROR_LIMIT,
    MOST_RATE_SHIFT,
    UPDATE_COUNT_BITS,
    fault_word_bits,
    feedback_bound,
    gradient_bound,
)
from remora.spec.crossbar.update_cycles import written_update_cycles
from remora.spec.lib.fixed import signed_width
from remora.tb.blocks.learning.core.pulsed import PORTS
from remora.tb.blocks.learning.engine_account import Account, Seen, Sequence
from remora.tb.lib.bench import Block, BlockBench, block_test, pack, some_integers, unpack_signed
from remora.tb.models import learning as model
from remora.tb.models.streaming import stored_word

UPDATES, RESETS = 14, 10
TIMEOUT_CYCLES = 20_000


def stored_words(design: DesignPoint, words: list[int]) -> int:
    """Words of all units as the streamer takes them, side by side."""
    return pack([stored_word(design, word) for word in words], design.formats.stream_bits + 1)


class Engine:
    """An engine with its crossbars, and what must become of each update."""

    def __init__(self, bench: BlockBench, block: Block) -> None:
        self.bench, self.block, self.random, self.design = bench, block, bench.random, block.design
        self.hidden, self.classes = self.design.network.hidden, self.design.network.classes
        self.seen, self.cycles = Counter[str](), 100
        self.reset()

    def reset(self) -> None:
        """What a reset leaves; the crossbars are busy no longer."""
        self.account, self.busy = Account(self.design), 0
        self.block.put(start=0, stop=0, give_up=0, **{f"{port}__busy": 0 for port in PORTS.values()})
        self.block.put(**{f"{port}__sensed": 1 for port in PORTS.values()})

    async def cleared(self) -> None:
        """Wait for the sweeps."""
        sweep = max(len(self.account.chi), len(self.account.marks))
        nothing = ["begun", "captured", "done", "applied", "dropped", "devices", "updates", "columns_done"]
        nothing += [f"{port}__pulse" for port in PORTS.values()] + ["updated"] * self.account.accumulates
        for cycle in range(sweep + 2):
            await self.bench.cycle()
            expected = dict.fromkeys(nothing, 0) | {"clearing": int(cycle < sweep)}
            self.bench.compare_ports(self.block, f"{cycle + 1} cycles after a reset", expected)

    async def mark(self) -> None:
        """Mark devices of the fault map anew, and read it as others and the host do."""
        bits = fault_word_bits(self.design)
        for address in range(len(self.account.marks)):
            self.account.marks[address] = self.random.getrandbits(bits) & self.random.getrandbits(bits)
            self.block.put(host_faults__write=1, host_faults__address=address)
            self.block.put(host_faults__write_data=self.account.marks[address])
            await self.bench.cycle()
        if self.account.marks:
            self.block.put(host_faults__write=0)
        for address, marks in enumerate(self.account.marks):
            self.block.put(map__read=1, map__column=address)
            await self.bench.cycle(2)
            found = self.block.get("map__valid"), self.block.get("map__marks")
            self.bench.compare(self.block, f"marks of column {address}", found, (1, marks))
        for address, marks in enumerate(self.account.marks):
            self.block.put(map__read=0, host_faults__read=1, host_faults__address=address)
            await self.bench.cycle()
            self.block.put(host_faults__read=0)
            await self.bench.cycle()
            data = self.block.get("host_faults__read_data")
            self.bench.compare(self.block, f"marks of column {address} for the host", data, marks)
        if self.account.marks:
            await self.bench.cycle(2)
            self.bench.compare(self.block, "marks that nobody asks for", self.block.get("map__valid"), 0)

    async def fill(self) -> None:
        """The host writes every χ that there is."""
        limit = (1 << self.design.learning.accumulator_bits - 1) - 1
        for address in range(len(self.account.chi)):
            column, word = divmod(address, len(self.account.held))
            first = self.design.network.features if column >= self.hidden else 0
            some, held = some_integers(self.random, -limit, limit, self.account.rows), self.account.held[word]
            self.account.chi[address] = [value if row >= first else 0 for value, row in zip(some, held, strict=True)]
            data = pack(self.account.chi[address], self.design.learning.accumulator_bits)
            self.block.put(host__write=1, host__address=address, host__write_data=data)
            await self.bench.cycle()
        if self.account.chi:
            self.block.put(host__write=0)

    async def read_all(self, what: str) -> None:
        """What lies in the accumulators."""
        for address, chi in enumerate(self.account.chi):
            self.block.put(host__read=1, host__address=address)
            await self.bench.cycle()
            self.block.put(host__read=0)
            await self.bench.cycle()
            data, bits = self.block.get("host__read_data"), self.design.learning.accumulator_bits
            found = unpack_signed(data, bits, self.account.rows)
            self.bench.compare(self.block, f"χ of word {address} {what}", found, chi)

    async def infer(self) -> Sequence:
        """A sequence as the core would have kept it."""
        design, random, formats = self.design, self.random, self.design.formats
        network, length = design.network, self.random.randint(1, design.network.max_steps)
        context = random.randrange(design.system.contexts)

        def some(limit: int, count: int) -> list[int]:
            return some_integers(random, -limit, limit, count)

        sequence = Sequence(
            length, random.randrange(self.classes), some(formats.adc_limit, self.classes),
            [some_integers(random, 0, 255, network.features) for _ in range(length)],
            [some(formats.stream_limit, self.hidden) for _ in range(length)],
            [some(formats.adc_limit, design.folds * design.cell.lanes) for _ in range(length)],
            some(formats.stream_limit, self.hidden),
        )  # fmt: skip
        self.block.put(context_index=context)
        for step in range(length):
            words = stored_words(design, sequence.words[step])
            for fold in range(design.folds):
                codes = sequence.codes[step][fold * design.cell.lanes : (fold + 1) * design.cell.lanes]
                self.block.put(
                    step=step, keep_words=int(fold == 0), words=words if fold == 0 else 0, keep_codes=1, fold=fold,
                    codes=pack(codes, formats.adc_bits),
                )  # fmt: skip
                await self.bench.cycle()
        self.block.put(
            keep_words=0, keep_codes=0, words=stored_words(design, sequence.readout_words),
            label=sequence.label, scores=pack(sequence.scores, formats.adc_bits), length=length,
        )  # fmt: skip
        return sequence

    def look(self, seen: Seen, sequence: Sequence) -> None:
        """The cycle that has just ended; what the crossbars and the sequence buffer answer in the next one."""
        block, design = self.block, self.design
        if block.get("begun"):
            column = block.get("begun_column")
            feedback = unpack_signed(
                block.get("feedback"), signed_width(feedback_bound(design)), design.learning.columns
            )
            seen.begun.append((column, feedback[: self._group_at(column).count]))
        if block.get("captured"):
            column, fold = block.get("captured_column"), block.get("captured_fold")
            if column < self.hidden:
                begun = column in [first for first, _ in seen.begun]
                self.bench.compare(block, f"the feedback of column {column} came before its gradients", begun, True)
            lanes = self.account.lanes * self._group_at(column).count
            gradients = unpack_signed(block.get("gradients"), signed_width(gradient_bound(design)), lanes)
            seen.captured.append((column, fold, block.get("captured_learns"), gradients))
        if self.account.accumulates and block.get("updated"):
            column, fold, lane = (block.get(f"updated_{name}") for name in ("column", "fold", "lane"))
            chi = unpack_signed(block.get("accumulators"), design.learning.accumulator_bits, self.account.rows)
            seen.updated.append((column, fold, lane, chi))
        if (done := block.get("columns_done")) != seen.done[-1]:
            seen.done.append(done)
        for name in ("applied", "dropped", "devices"):
            if count := block.get(name):
                seen.counts[name, block.get("layer_written")] += count
        self.busy = max(0, self.busy - 1)
        for layer, port in PORTS.items():
            if block.get(f"{port}__pulse"):
                self._pulsed(seen, layer, port)
                self.busy = design.crossbar.pulse_cycles
        for port in PORTS.values():
            block.put(**{f"{port}__busy": int(self.busy > 0), f"{port}__sensed": int(self.busy == 0)})
        features = [self.random.getrandbits(FEATURE_BITS)] * design.network.features
        if block.get("read_features"):
            features = sequence.features[block.get("feature_step")]
        block.put(features=pack(features, FEATURE_BITS))

    def _pulsed(self, seen: Seen, layer: Layer, port: str) -> None:
        layout, crossbar = layer_layout(self.design, layer), self.design.crossbar
        row_tile, tile = divmod(self.block.get(f"{port}__tile"), layout.column_tiles)
        column = self.hidden * layer + tile * crossbar.columns + self.block.get(f"{port}__column")
        up, down, side = (self.block.get(f"{port}__{name}") for name in ("up", "down", "side"))
        if not seen.columns or seen.columns[-1] != column:
            seen.columns.append(column)
        for row in range(crossbar.rows):
            for name, rows in (("up", up), ("down", down)):
                if rows >> row & 1:
                    seen.pulses[column, row_tile * crossbar.rows + row, name, side >> row & 1] += 1

    def _group_at(self, first: int) -> ColumnGroup:
        return next(group for group in column_groups(self.design) if group.first == first)

    async def start(self, sequence: Sequence) -> Seen:
        """Begin an update with any settings: what it must show where it is complete."""
        random = self.random
        for _ in range(random.randrange(6)):
            self.account.number = random.choice((random.getrandbits(UPDATE_COUNT_BITS), (1 << UPDATE_COUNT_BITS) - 1))
            self.block.put(load_updates=1, updates_value=self.account.number)
            await self.bench.cycle()
            self.block.put(load_updates=0, updates_value=random.getrandbits(UPDATE_COUNT_BITS))
            await self.bench.cycle()
            self.bench.compare(self.block, "updates loaded", self.block.get("updates"), self.account.number)
        seed, winners = random.choice((0, 1, 0xDEADBEEF)), random.randint(1, self.hidden)
        rates = random.randint(0, MOST_RATE_SHIFT), random.randint(0, MOST_RATE_SHIFT)
        self.block.put(seed=seed, hidden_rate_shift=rates[0], readout_rate_shift=rates[1], start=1)
        if self.design.capabilities.selects:
            self.block.put(winners=winners)
        else:
            winners = self.hidden
        self.account.number = (self.account.number + 1) % (1 << UPDATE_COUNT_BITS)
        design = self.design.evolve(learning={"seed": seed})
        wanted = self.account.expect(sequence, design, winners, rates)
        await self.bench.cycle()
        self.block.put(start=0)
        return wanted

    async def update(self, stop_after: int | None = None, gives_up: bool = False) -> None:
        """An update, compared; stopped so many cycles after its start, or not."""
        block, compare, seen = self.block, self.bench.compare, Seen()
        sequence = await self.infer()
        block.put(give_up=int(gives_up))
        wanted = await self.start(sequence)
        preparing = cycles = 0
        while not block.get("done") or not cycles:
            if cycles == stop_after:
                block.put(stop=1)
            await self.bench.cycle()
            self.look(seen, sequence)
            cycles, preparing = cycles + 1, preparing + block.get("preparing")
            assert cycles < TIMEOUT_CYCLES, f"{block.name}: an update takes more than {TIMEOUT_CYCLES} cycles"
        ended = block.get("learned"), block.get("stopped")
        block.put(stop=0, give_up=0)
        await self.bench.cycle()
        self.look(seen, sequence)
        compare(block, "done in the cycle after", block.get("done"), 0)
        columns, all_columns = block.get("columns_done"), self.hidden + self.classes
        compare(block, f"{columns} columns are whole groups", columns in group_borders(self.design), True)
        compare(block, "learned and stopped", ended, (int(columns == all_columns), int(columns < all_columns)))
        if stop_after is None:
            compare(block, "columns done", columns, all_columns)
        compare(block, "updates", block.get("updates"), self.account.number)
        found = unpack_signed(block.get("error"), signed_width(ERROR_LIMIT), self.classes)
        compare(block, "errors", found, model.errors(self.design, sequence.scores, sequence.label))
        for name in ("begun", "captured", "updated"):
            part = [each for each in getattr(wanted, name) if each[0] < columns]
            compare(block, f"{name} of {columns} columns", getattr(seen, name), part)
        if gives_up:
            wanted.pulses.clear()
            wanted.counts.clear()
        compare(
            block, f"pulses of {columns} columns", sorted(seen.pulses.items()),
            sorted((key, count) for key, count in wanted.pulses.items() if key[0] < columns),
        )  # fmt: skip
        compare(block, "columns are written in order", seen.columns, sorted(set(seen.columns)))
        if columns == all_columns:
            compare(block, "counts", seen.counts, wanted.counts)
        if columns == all_columns and not gives_up:
            of_update = written_update_cycles(self.design, sequence.length, self.account.writings(), self.account.learn)
            compare(block, "cycles", (preparing, cycles), (of_update.preparation, of_update.update))
        ends = [first + self._group_at(first).count for first in dict.fromkeys(each[0] for each in wanted.captured)]
        ends = [0, *(end for end in ends if end < columns), *([columns] if columns else [])]
        compare(block, "columns done one after the other", seen.done, ends)
        self.account.end(columns)
        self.seen["pulses"] += len(seen.pulses)
        self.seen["stops"] += columns < all_columns
        self.cycles = cycles


@block_test
async def updates(bench: BlockBench) -> None:
    """Updates after each other, each to its end, some of whose pulses are given up, and some that are stopped."""

    async def drive(block: Block) -> None:
        engine, random = Engine(bench, block), bench.random
        await engine.cleared()
        for number in range(UPDATES):
            if number % 5 == 1:
                await engine.mark()
                await engine.fill()
            stops = random.randrange(engine.cycles // random.choice((1, 3))) if number % 3 == 2 else None
            if number == 2:
                stops = 1
            await engine.update(stops, number % 5 == 3)
            await engine.read_all(f"after update {number}")
        assert engine.seen["pulses"] > 10 and (block.name == "one" or engine.seen["stops"] > 0), engine.seen

    await bench.each(drive)


@block_test
async def resets(bench: BlockBench) -> None:
    """A reset in any cycle of an update: nothing follows, and the next one is that of an engine that is new."""
    engines = {block.name: Engine(bench, block) for block in bench.blocks}
    for number in range(RESETS):
        cycles = bench.random.randrange(20 if number % 3 == 0 else 400)

        async def drive(block: Block, cycles: int = cycles, updates: bool = number % 3 == 1) -> None:
            engine, seen = engines[block.name], Seen()
            await engine.cleared()
            if updates:
                await engine.update()
            sequence = await engine.infer()
            await engine.start(sequence)
            for _ in range(cycles):
                await bench.cycle()
                engine.look(seen, sequence)

        await bench.each(drive)
        await bench.reset(1)
        for engine in engines.values():
            engine.reset()

    async def after(block: Block) -> None:
        await engines[block.name].cleared()
        await engines[block.name].update()

    await bench.each(after)

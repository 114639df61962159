"""The weight window: columns programmed to given weights, verified, and read back through the converters."""

from __future__ import annotations

from remora.hdl.crossbar.weight_window import WEIGHT_BITS
from remora.spec.crossbar.cycles import Stretch
from remora.spec.crossbar.layout import WINDOW_ROWS, Layer, Tile, layer_layout
from remora.spec.crossbar.tiles import STRETCH_BITS
from remora.tb.blocks.crossbar.window_host import WindowHost
from remora.tb.lib.bench import Block, BlockBench, block_test, some_integers, unpack_signed


def some_column(host: WindowHost, tile: Tile) -> list[int]:
    limit = host.design.crossbar.weight_limit
    return some_integers(host.random, -limit, limit, tile.rows)


@block_test
async def program_and_read_back(bench: BlockBench) -> None:
    """Every column of every tile of both layers, then some again over what they held; read back, pairs canonical.

    Rule X7.
    """

    async def drive(block: Block) -> None:
        host = WindowHost(bench, block)
        await host.erase_all()
        for tile in host.tiles:
            for column in range(tile.columns):
                await host.commit(tile, column, some_column(host, tile))
        for _ in range(6):
            tile = host.random.choice(host.tiles)
            await host.commit(tile, host.random.randrange(tile.columns), some_column(host, tile))
        for tile in host.tiles:
            for column in range(tile.columns):
                await host.read(tile, column)

    await bench.each(drive)


@block_test
async def stretched(bench: BlockBench) -> None:
    """With more time for the tiles, the same weights, after as many cycles more as are predicted."""

    async def drive(block: Block) -> None:
        host = WindowHost(bench, block)
        await host.erase_all()
        for stretch in (Stretch(1, 0, 0, 0), Stretch(0, 3, 1, 0), Stretch(2, 1, 4, 9), Stretch()):
            host.stretch(stretch)
            tile = host.random.choice(host.tiles)
            column = host.random.randrange(tile.columns)
            await host.commit(tile, column, some_column(host, tile))
            await host.read(tile, column)

    await bench.each(drive)


@block_test
async def any_rows_on_any_planes(bench: BlockBench) -> None:
    """Rows of slices driven with any signs on any number of planes add up: the codes of all columns are those of the
    model, and no device moves.

    Rule X4.
    """

    async def drive(block: Block) -> None:
        host = WindowHost(bench, block)
        random = host.random
        most, integrators = block.design.formats.stream_bits, block.design.crossbar.integrators
        await host.erase_all()
        for tile in host.tiles:
            for column in range(tile.columns):
                await host.commit(tile, column, some_column(host, tile))
        for round_ in range(max(most, len(host.tiles))):
            # Of any length.
            integrate, settle = (random.getrandbits(random.randrange(STRETCH_BITS + 1)) for _ in range(2))
            host.stretch(Stretch(integrate, settle, round_ % 2, 0))
            tile = host.tiles[round_ % len(host.tiles)]
            drives = [(tile, part, 0) for part in range(len(tile.window_slices))]
            drives += [
                (other, random.randrange(len(other.window_slices)), random.randrange(integrators))
                for other in random.choices(host.tiles, k=round_ % 3)
            ]
            random.shuffle(drives)
            for number, (each, part, integrator) in enumerate(drives):
                few = random.random()
                values = [random.randint(-128, 127) * (random.random() < few) for _ in range(host.rows_of(each, part))]
                await host.drive(each, part, values, 1 + (round_ + number) % most, integrator)
            for layer, integrator in sorted(host.charged):
                await host.convert(layer, integrator)
            await host.convert(random.choice(list(Layer)), random.randrange(integrators))
        host.stretch(Stretch())
        tile = random.choice(host.tiles)
        await host.read(tile, random.randrange(tile.columns))

    await bench.each(drive)


@block_test
async def weights_out_of_range_fail(bench: BlockBench) -> None:
    """A weight that no device can hold ends at full scale, and is counted as a mismatch. Rule X7."""

    async def drive(block: Block) -> None:
        host = WindowHost(bench, block)
        await host.erase_all()
        limit = block.design.crossbar.weight_limit
        bits = range(limit.bit_length(), WEIGHT_BITS - 1)
        beyond = [[sign << bit, -sign << bit] for bit in bits for sign in (1, -1)]
        ends = [[limit + 1, -limit], [-limit - 1, limit, 0, limit + 1]]
        for values in ([127], [-128], [127, -128], *ends, *beyond):
            tile = host.random.choice(host.tiles)
            column = (values * tile.rows)[: tile.rows]
            await host.commit(tile, host.random.randrange(tile.columns), column)
        await host.read(tile, 0)

    await bench.each(drive)


@block_test
async def selection(bench: BlockBench) -> None:
    """A selection is valid exactly if tile, column and slice exist."""

    async def drive(block: Block) -> None:
        window = block.part("host")
        for layer in Layer:
            tiles = layer_layout(block.design, layer).tiles
            for tile in (*range(len(tiles) + 1), 255):
                singles = [1 << bit for bit in range(2, 10)]
                for column in (*range(block.design.crossbar.columns + 2), *singles, 1023):
                    slices = len(tiles[tile].window_slices) if tile < len(tiles) else 0
                    for part in (0, max(0, slices - 1), slices, bench.random.choice(singles[:4]), 63):
                        window.put(layer=int(layer), tile=tile, column=column, slice=part)
                        await bench.cycle()
                        expected = int(part < slices and column < tiles[tile].columns)
                        told = f"{layer.name} tile {tile} column {column} slice {part}"
                        bench.compare(block, told, window.get("selection_valid"), expected)

    await bench.each(drive)


@block_test
async def host_access(bench: BlockBench) -> None:
    """Bytes by strobes at any pointer, whose low two bits do not count; nothing is written beyond the last row."""

    async def drive(block: Block) -> None:
        host = WindowHost(bench, block)
        rows = min(WINDOW_ROWS, max(tile.rows for tile in host.tiles))
        content = [0] * rows
        await host.fill(content)
        for _ in range(150):
            pointer, strobes, word = (
                host.random.randrange(WINDOW_ROWS),
                host.random.getrandbits(4),
                host.random.getrandbits(32),
            )
            write = host.random.getrandbits(1)
            host.host.put(pointer=pointer, data_strobes=strobes, data_value=word, data_write=write)
            await bench.cycle()
            first, lanes = pointer & ~3, unpack_signed(word, 8, 4)
            shown = unpack_signed(host.host.get("data_read_value"), 8, 4)
            here = [content[row] for row in range(first, min(first + 4, rows))]
            if here:
                bench.compare(block, f"rows from {first}", shown, here + [0] * (4 - len(here)))
            for lane, row in enumerate(range(first, min(first + 4, rows))):
                if write and strobes >> lane & 1:
                    content[row] = lanes[lane]
        host.host.put(data_write=0)
        bench.compare(block, "the whole window", await host.show(rows), content)

    await bench.each(drive)


@block_test
async def resets(bench: BlockBench) -> None:
    """A reset at any cycle of a commit: idle at once, a pulse under way completes before anything is read, and only the
    column that was selected is touched."""
    hosts = [WindowHost(bench, block) for block in bench.blocks]
    await bench.each(lambda block: hosts[bench.blocks.index(block)].erase_all())
    for _ in range(8):
        chosen = {}
        for host in hosts:
            tile = host.random.choice(host.tiles)
            column = host.random.randrange(tile.columns)
            chosen[host.block.name] = tile, column
            part = host.random.randrange(len(tile.window_slices))
            await host.select(tile, column, part)
            await host.fill(
                [host.design.crossbar.weight_limit * (-1) ** row for row in range(host.rows_of(tile, part))]
            )
            host.host.put(commit=1)
        await bench.cycle()
        for host in hosts:
            host.host.put(commit=0)
        await bench.cycle(bench.random.randint(1, 150))
        await bench.reset(1)
        await bench.cycle()
        for host in hosts:
            bench.compare(
                host.block, "busy and done after reset", (host.host.get("busy"), host.host.get("done")), (0, 0)
            )

        async def recover(block: Block, chosen=chosen) -> None:
            host = hosts[bench.blocks.index(block)]
            tile, column = chosen[block.name]
            # The command comes while a long pulse is still under way; it must wait, or the macro ends the simulation.
            action = host.random.choice(("read", "convert"))
            bench.compare(block, f"verdict of a {action}", await host.run(action), (0, 0))
            await host.commit(tile, column, some_column(host, tile), known=False)
            other = host.random.choice(host.tiles)
            await host.read(other, host.random.randrange(other.columns))

        await bench.each(recover)

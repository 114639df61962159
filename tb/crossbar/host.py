"""The host of the crossbar accelerator: weights and thresholds through their windows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from remora.golden.crossbar.weights import Weights
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import ROWS_PER_WORD, Layer, Tile, all_tiles
from remora.spec.crossbar.memories import host_memories
from remora.spec.crossbar.spares.spare_map import IDLE, SpareMap
from remora.spec.lib.registers import WORD_MASK
from remora.tb.lib.coverage import cover
from remora.tb.lib.host import Host
from remora.tb.lib.register_script import RegisterScript


class CrossbarHost(Host):
    """Drives the harness of :mod:`remora.flow.systems.crossbar.harness`."""

    design: DesignPoint

    # Weights ----------------------------------------------------------------------------------------------------------
    async def program(self, weights: Weights) -> None:
        """Program every column of every tile through the weight window, and the thresholds of bistable cells.

        The device must be halted.

        Raises:
            ScriptError: a column does not verify.
        """
        script = RegisterScript(self.registers)
        if weights.thresholds is not None:
            _write_thresholds(script, weights.thresholds, 0)
        for tile in all_tiles(self.design):
            levels = _of_tile(weights, tile)
            for column in range(tile.columns):
                _program_column(script, tile, column, levels[:, column])
        await self.make(script, self._pause)

    async def use_spares(self, spares: SpareMap) -> None:
        """Let spare columns stand in for others, and for none where the map says so; the device must be halted.

        Raises:
            ScriptError: a register does not read back what was written.
        """
        script = RegisterScript(self.registers)
        for tile, columns in zip(all_tiles(self.design), spares.columns, strict=True):
            for spare, column in enumerate(columns):
                _select_spare(script, tile, spare)
                wanted = {"column": max(0, column), "enable": int(column != IDLE)}
                script.write("SPARE_COLUMN", **wanted)
                for name, value in wanted.items():
                    wrong = f"{tile.name}: spare {spare} does not stand in for column {column}"
                    script.expect("SPARE_COLUMN", name, value, wrong)
        await self.carry_out(script)

    async def read_spares(self) -> SpareMap:
        """What every spare column stands in for."""
        script, fields = RegisterScript(self.registers), self.registers["SPARE_COLUMN"]
        for tile in all_tiles(self.design):
            for spare in range(tile.spares):
                _select_spare(script, tile, spare)
                script.record("SPARE_COLUMN")
        words = [fields.decode(int(word)) for word in await self.carry_out(script)]
        columns = [word["column"] if word["enable"] else IDLE for word in words]
        spares = self.design.crossbar.spare_columns
        return SpareMap(tuple(tuple(columns[first : first + spares]) for first in range(0, len(columns), spares)))

    async def program_devices(self, weights: Weights) -> NDArray:
        """Program as `program` does, whatever becomes of it: how each slice ended, a record of mismatches and of rows
        that are not verified. Of a window that verifies."""
        script = RegisterScript(self.registers)
        for tile in all_tiles(self.design):
            levels = _of_tile(weights, tile)
            for column in range(tile.columns):
                for part, rows in enumerate(tile.window_slices):
                    _begin_slice(script, tile, column, part, levels[rows, column])
                    script.until("STATUS", "window_busy", 0)
                    script.record("WINDOW_STATUS")
                    script.record("WINDOW_UNVERIFIED")
        words = np.array(await self.make(script, self._pause)).reshape(-1, 2)
        mismatches = [self.registers["WINDOW_STATUS"].decode(int(word))["mismatches"] for word in words[:, 0]]
        ended = zip(mismatches, words[:, 1].tolist(), strict=True)
        return np.array(list(ended), [(name, "<i4") for name in ("mismatches", "unverified")])

    async def program_column(self, tile: Tile, column: int, levels: NDArray) -> None:
        """Program one column with one weight a row and check that it verifies.

        Raises:
            ScriptError: it does not.
        """
        script = RegisterScript(self.registers)
        _program_column(script, tile, column, levels)
        await self.carry_out(script, self._pause)
        for rows in tile.window_slices:
            cover("window", command="commit", layer=tile.layer, holds=True, rows=rows.stop - rows.start)

    async def write_column(self, tile: Tile, column: int, levels: NDArray) -> int:
        """Program one column, whatever becomes of it; returns how many rows do not hold their weight."""
        mismatches = 0
        for part, rows in enumerate(tile.window_slices):
            await self.begin_slice(tile, column, part, levels[rows])
            await self._finish()
            mismatches += (await self.read("WINDOW_STATUS"))["mismatches"]
        cover("window", command="commit", layer=tile.layer, holds=not mismatches)
        return mismatches

    async def begin_slice(self, tile: Tile, column: int, part: int, levels: NDArray) -> None:
        """Start to program one slice of a column."""
        script = RegisterScript(self.registers)
        _begin_slice(script, tile, column, part, levels)
        await self.carry_out(script)

    async def read_column(self, tile: Tile, column: int) -> NDArray[np.int8]:
        """Read one column back, a weight a row."""
        return (await self._read_columns([(tile, column)]))[0]

    async def _read_columns(self, columns: Sequence[tuple[Tile, int]]) -> list[NDArray[np.int8]]:
        script = RegisterScript(self.registers)
        for tile, column in columns:
            for part, rows in enumerate(tile.window_slices):
                _select(script, tile, column, part)
                script.write("WINDOW_CONTROL", read=1)
                script.until("STATUS", "window_busy", 0)
                script.write("WINDOW_POINTER", row=0)
                script.record("WINDOW_DATA", _words(rows))
        words, found = await self.make(script, self._pause), []
        for layer in {tile.layer for tile, _ in columns}:
            cover("window", command="read", layer=layer)
        for tile, _ in columns:
            parts = []
            for rows in tile.window_slices:
                values, words = words[: _words(rows)], words[_words(rows) :]
                parts.append(np.array(values, "<u4").view(np.int8)[: rows.stop - rows.start])
            found.append(np.concatenate(parts))
        return found

    async def drive(self, tile: Tile, part: int, values: Sequence[int], planes: int, integrator: int = 0) -> None:
        """Drive rows of a slice with the signs of ``values`` on so many planes, and wait for the end."""
        script = RegisterScript(self.registers)
        _select(script, tile, 0, part)
        _fill(script, np.asarray(values))
        script.write("WINDOW_DRIVE", planes=planes, **self._named(integrator))
        script.write("WINDOW_CONTROL", drive=1)
        script.until("STATUS", "window_busy", 0)
        await self.carry_out(script)
        number = {1: "one", self.design.formats.stream_bits: "all"}.get(planes, "some")
        cover("window", command="drive", layer=tile.layer, planes=number, integrator=integrator)

    async def begin_conversion(self, tile: Tile, integrator: int = 0) -> None:
        """Start to convert what an integrator of all tiles of the layer of ``tile`` holds."""
        script = RegisterScript(self.registers)
        _select(script, tile, 0, 0)
        script.write("WINDOW_DRIVE", planes=1, **self._named(integrator))
        script.write("WINDOW_CONTROL", convert=1)
        await self.carry_out(script)
        cover("window", command="convert", layer=tile.layer, integrator=integrator)

    async def code(self, tile: Tile, column: int) -> int:
        """The code of a column from the last conversion of its tile."""
        await self.write("WINDOW_SELECT", layer=int(tile.layer), tile=tile.index, column=column)
        return int(np.uint16((await self.read("WINDOW_CODE"))["value"]).astype(np.int16))

    def _named(self, integrator: int) -> dict[str, int]:
        return {"integrator": integrator} if self.design.crossbar.integrators > 1 else {}

    async def write_thresholds(self, thresholds: NDArray, first: int = 0) -> None:
        """Load low and high thresholds (2, n) of the cells from unit ``first`` on."""
        script = RegisterScript(self.registers)
        _write_thresholds(script, thresholds, first)
        await self.carry_out(script)

    async def read_thresholds(self) -> NDArray[np.int32]:
        """Read the thresholds of all cells back, (2, hidden)."""
        await self.write("CELL_POINTER", unit=0)
        pairs = [
            [(await self.read(name))["value"] for name in ("CELL_LOW", "CELL_HIGH")]
            for _ in range(self.design.network.hidden)
        ]
        return np.array(pairs, np.uint32).view(np.int32).T

    async def read_weights(self) -> Weights:
        """Read every device back, and the thresholds of bistable cells."""
        hidden = np.zeros((self.design.hidden_rows, self.design.network.hidden), np.int16)
        readout = np.zeros((self.design.readout_rows, self.design.network.classes), np.int16)
        columns = [(tile, column) for tile in all_tiles(self.design) for column in range(tile.columns)]
        for (tile, column), found in zip(columns, await self._read_columns(columns), strict=True):
            target = hidden if tile.layer is Layer.HIDDEN else readout
            target[tile.row_slice, tile.first_column + column] = found
        return Weights(hidden, readout, await self.read_thresholds() if self.design.capabilities.bistable else None)

    @property
    def stuck_cycles(self) -> int:
        """See the base: after a reset a memory is swept, a word a cycle; a slice is programmed or read in far less."""
        words = sum(size.stored_depth for size in host_memories(self.design).values())
        return 2 * self.design.cycles.most_commit + words + 1000

    async def _finish(self) -> None:
        await self.until("window_busy", 0, self._pause)

    @property
    def _pause(self) -> int:
        # A column takes time with its rows; asking costs more than waiting a little too long.
        return 100 + 2 * self.design.crossbar.rows


def _select_spare(script: RegisterScript, tile: Tile, spare: int) -> None:
    script.write("SPARE_SELECT", layer=int(tile.layer), tile=tile.index, spare=spare)


def _select(script: RegisterScript, tile: Tile, column: int, part: int) -> None:
    script.write("WINDOW_SELECT", layer=int(tile.layer), tile=tile.index, column=column, slice=part)
    script.write("WINDOW_POINTER", row=0)


def _begin_slice(script: RegisterScript, tile: Tile, column: int, part: int, levels: NDArray) -> None:
    _select(script, tile, column, part)
    _fill(script, levels)
    script.write("WINDOW_CONTROL", commit=1)


def _fill(script: RegisterScript, levels: NDArray) -> None:
    """Write the bytes of a slice from its first row on."""
    padded = np.zeros(-(-len(levels) // ROWS_PER_WORD) * ROWS_PER_WORD, np.int8)
    padded[: len(levels)] = levels
    for word in padded.view("<u4"):
        script.write_word("WINDOW_DATA", int(word))


def _words(rows: slice) -> int:
    """Of the window, that hold a slice."""
    return -(-(rows.stop - rows.start) // ROWS_PER_WORD)


def _program_column(script: RegisterScript, tile: Tile, column: int, levels: NDArray) -> None:
    for part, rows in enumerate(tile.window_slices):
        _begin_slice(script, tile, column, part, levels[rows])
        script.until("STATUS", "window_busy", 0)
        wrong = f"{tile.name} column {column}, rows from {rows.start}: devices do not hold their weight"
        script.expect("WINDOW_STATUS", "mismatches", 0, wrong)


def _write_thresholds(script: RegisterScript, thresholds: NDArray, first: int) -> None:
    script.write("CELL_POINTER", unit=first)
    for pair in np.asarray(thresholds, np.int32).T:
        for name, value in zip(("CELL_LOW", "CELL_HIGH"), pair, strict=True):
            script.write_word(name, int(value) & WORD_MASK)


def _of_tile(weights: Weights, tile: Tile) -> NDArray:
    layer = weights.hidden if tile.layer is Layer.HIDDEN else weights.readout
    return layer[tile.row_slice, tile.column_slice]

"""Faults of the catalogue in the bistable cells and what surrounds them, for designs that have them."""

from __future__ import annotations

from remora.flow.faults.mutation import Fault
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, layer_layout

ARRAY, CELLS = "remora_crossbar_array_hidden", "remora_bistable"


def bistable_faults(design: DesignPoint) -> list[Fault]:
    """Mistakes in the cells' input, memory, thresholds and sequence."""
    return [*_inputs(design), *_memory(design), *_thresholds(design)]


def _inputs(design: DesignPoint) -> list[Fault]:
    layout, last = layer_layout(design, Layer.HIDDEN), design.formats.stream_bits - 1
    faults = [
        Fault(
            "sampled_early", "the sample is taken one cycle early, before the last bit plane", ARRAY,
            {"integrate": f"integrate && plane != {last}", "sample": f"integrate && plane == {last}"},
        ),
        Fault(
            "settles_early", "the cells settle in the cycle of the sample, on what was sampled before",
            "remora_sequencer", {"step_done": "good_sample_hidden"},
        ),
    ]  # fmt: skip
    if layout.tiles[0].columns > 1:
        neighbour = {"(tile*CELLS+unit)": "(tile*CELLS+({awake} ? (unit + 1) % CELLS : unit))"}
        faults.append(Fault("bitlines_rotated", "every cell stands at its neighbour's bitline", CELLS, edits=neighbour))
    if layout.row_tiles > 1:
        fewer = {"tile < ROW_TILES;": "tile < ROW_TILES - int'({awake});"}
        faults.append(Fault("row_tile_left_out", "the last row tile's current is not added", CELLS, edits=fewer))
    return faults


def _memory(design: DesignPoint) -> list[Fault]:
    sequencer, units = "remora_sequencer", design.network.hidden
    faults = [
        Fault("not_cleared", "a sequence starts from the states of the one before", sequencer, {"clear_cells": "1'b0"}),
        Fault("never_settles", "the cells never take a step's current", ARRAY, {"settle": "1'b0"}),
        Fault("state_inverted", "set and reset are exchanged at the readout", ARRAY, {"state": "~good_state"}),
    ]
    if design.network.max_steps > 1:
        helper = """  logic settled;
  always @(posedge clk) settled <= settle;"""
        faults += [
            Fault("forgets", "a cell loses its state after every step", ARRAY, {"clear": "clear || settled"}, helper),
            Fault(
                "first_step_only", "the cells settle in a sequence's first step alone", sequencer,
                {"step_done": "good_step_done && good_first"},
            ),
        ]  # fmt: skip
    if units > 1:
        rotated = f"{{good_state[0], good_state[{units - 1}:1]}}"
        faults.append(Fault("states_rotated", "every state is streamed for the unit before", ARRAY, {"state": rotated}))
    return faults


def _thresholds(design: DesignPoint) -> list[Fault]:
    thresholds, block = "remora_cell_thresholds", "remora_register_block"
    faults = [
        Fault("low_not_loaded", "low thresholds are never stored", thresholds, {"low_write": "1'b0"}, programs=True),
        Fault(
            "thresholds_exchanged", "low and high thresholds are exchanged as they are stored", thresholds,
            {"low_write": "high_write", "high_write": "low_write"}, programs=True,
        ),
        Fault(
            "bytes_lost", "thresholds lose their upper bytes", thresholds, {"strobes": "strobes & 4'd1"}, programs=True,
        ),
    ]  # fmt: skip
    if design.network.hidden > 1:
        stuck = "good_cell_pointer_unit & ~16'd1"
        faults.append(
            Fault(
                "pointer_stuck", "every second cell's thresholds go to its neighbour", block,
                {"cell_pointer_unit": stuck}, programs=True,
            )
        )  # fmt: skip
    return faults

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
            {
                "strobes__integrate": f"strobes__integrate && plane != {last}",
                "strobes__sample": f"strobes__integrate && plane == {last}",
            },
        ),
        Fault(
            "settles_early", "the cells settle with the sample, on what was sampled before",
            "remora_sequencer", {"cell__settle": "good_hidden__sample"},
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
        Fault("not_cleared", "a sequence starts from the states of the one before", sequencer, {"cell__clear": "1'b0"}),
        Fault("never_settles", "the cells never take a step's current", ARRAY, {"columns__control__settle": "1'b0"}),
        Fault(
            "state_inverted",
            "set and reset are exchanged at the readout",
            ARRAY,
            {"columns__state": "~good_columns__state"},
        ),
    ]
    if design.network.max_steps > 1:
        helper = """  logic settled;
  always @(posedge clk) settled <= columns__control__settle;"""
        faults += [
            Fault(
                "forgets", "a cell loses its state after every step", ARRAY,
                {"columns__control__clear": "columns__control__clear || settled"}, helper,
            ),
            Fault(
                "first_step_only", "the cells settle in a sequence's first step alone", sequencer,
                {"cell__settle": "good_cell__settle && good_streaming__first"},
            ),
        ]  # fmt: skip
    if units > 1:
        rotated = f"{{good_columns__state[0], good_columns__state[{units - 1}:1]}}"
        faults.append(
            Fault("states_rotated", "every state is streamed for the unit before", ARRAY, {"columns__state": rotated})
        )
    return faults


def _thresholds(design: DesignPoint) -> list[Fault]:
    thresholds, block = "remora_bistable_cell", "remora_register_block"
    faults = [
        Fault(
            "low_not_loaded", "low thresholds are never stored", thresholds, {"host__low_write": "1'b0"}, programs=True
        ),
        Fault(
            "thresholds_exchanged", "low and high thresholds are exchanged as they are stored", thresholds,
            {"host__low_write": "host__high_write", "host__high_write": "host__low_write"}, programs=True,
        ),
        Fault(
            "bytes_lost", "thresholds lose their upper bytes", thresholds,
            {"host__strobes": "host__strobes & 4'd1"}, programs=True,
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

"""What the registers set and read of the corrections of columns."""

from __future__ import annotations

from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.spec.crossbar.correction.plan import COLUMN_BITS
from remora.spec.crossbar.design import DesignPoint


class CorrectionHost(wiring.Signature):
    """The corrections of all columns and their calibration, seen from the registers.

    Ports:
        start: begins a calibration; only while nothing else uses the crossbars.
        busy: high from the cycle after ``start`` until the end.
        done: high for one cycle at the end.
        layer: of the column that is shown and written: 0 the hidden layer, 1 the readout.
        column: of that layer.
        offset: of that column, signed; 0 of a column that the layer lacks.
        write: stores ``offset_value`` for that column; not while ``busy``.
        offset_value: signed.
    """

    def __init__(self, design: DesignPoint) -> None:
        bits = design.formats.adc_bits
        super().__init__(
            {
                "start": Out(1),
                "busy": In(1),
                "done": In(1),
                "layer": Out(1),
                "column": Out(COLUMN_BITS),
                "offset": In(bits),
                "write": Out(1),
                "offset_value": Out(bits),
            }
        )

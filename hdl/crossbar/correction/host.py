"""What the registers set and read of the corrections of columns."""

from __future__ import annotations

from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.spec.crossbar.correction.plan import COLUMN_BITS, bias_bits
from remora.spec.crossbar.design import DesignPoint


class CorrectionPointer(wiring.Signature):
    """The offset and the digital bias of one column, seen from who reads and writes them.

    Ports:
        layer: of the column that is shown and written: 0 the hidden layer, 1 the readout.
        column: of that layer.
        offset: of that column, signed; 0 of a column that the layer lacks. Of a design that calibrates.
        write: stores ``offset_value`` for that column.
        offset_value: signed.
        bias: digital bias of that column, signed; 0 of a column that the layer lacks. Of a design that has some.
        write_bias: stores ``bias_value`` for that column.
        bias_value: signed.
    """

    def __init__(self, design: DesignPoint) -> None:
        offset, bias = design.formats.adc_bits, bias_bits(design)
        members: dict[str, wiring.Member] = {"layer": Out(1), "column": Out(COLUMN_BITS)}
        if design.capabilities.calibrates:
            members |= {"offset": In(offset), "write": Out(1), "offset_value": Out(offset)}
        if design.capabilities.digital_bias:
            members |= {"bias": In(bias), "write_bias": Out(1), "bias_value": Out(bias)}
        super().__init__(members)


class CorrectionHost(wiring.Signature):
    """The corrections of all columns and their calibration, seen from the registers.

    Ports:
        start: begins a calibration; only while nothing else uses the crossbars. Of a design that calibrates.
        busy: high from the cycle after ``start`` until the end.
        done: high for one cycle at the end.
        pointed: a column; nothing is written while ``busy``.
    """

    def __init__(self, design: DesignPoint) -> None:
        start = {"start": Out(1), "done": In(1)} if design.capabilities.calibrates else {}
        super().__init__({"busy": In(1), **start, "pointed": Out(CorrectionPointer(design))})


class BiasPort(wiring.Signature):
    """The digital bias of the column that a program port selects, seen from who pulses it.

    Ports:
        column: of the layer.
        bias: of that column, signed; 0 of a column that the layer lacks.
        step: that bias moves by a level, but not beyond the largest magnitude of a weight.
        raises: it moves up.
    """

    def __init__(self, design: DesignPoint) -> None:
        super().__init__({"column": Out(COLUMN_BITS), "bias": In(bias_bits(design)), "step": Out(1), "raises": Out(1)})

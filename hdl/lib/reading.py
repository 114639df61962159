"""How the crossbars of both layers are read, seen from who reads them."""

from __future__ import annotations

from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, layer_layout
from remora.spec.crossbar.tiles import STRETCH_BITS

POLARITIES = ("pos", "neg")


class ReadStrobes(wiring.Signature):
    """How a layer's tiles are read, seen from who reads them. The tiles see strobes and wordlines a cycle later.

    Ports:
        drive: wordlines and bit plane reach the tiles, as they do with ``integrate``.
        integrate: the tiles integrate the wordlines' bit plane.
        integrator: the integrator that gathers; of two, `sample` takes the other one.
        sample: the sum is sampled.
        convert: the sample is converted.
        valid: high for one cycle when the codes are there; they stay until the next conversion ends.
    """

    def __init__(self) -> None:
        super().__init__({**{name: Out(1) for name in ("drive", *STROBES)}, "valid": In(1)})


STROBES = ("integrate", "integrator", "sample", "convert")
"""Those that are pins of the tiles."""


class ProbePort(wiring.Signature):
    """Read port of both layers' crossbars, seen from who reads a single column.

    Ports:
        plane: the bit plane that the wordlines carry.
        hidden: how the hidden layer is read.
        readout: how the readout is read.
        hidden_code: of the column that the hidden layer's program port selects.
        readout_code: of the column that the readout's program port selects.
    """

    def __init__(self, design: DesignPoint) -> None:
        bits = design.formats.adc_bits
        super().__init__(
            {
                "plane": Out(range(design.formats.stream_bits)),
                "hidden": Out(ReadStrobes()),
                "readout": Out(ReadStrobes()),
                "hidden_code": In(bits),
                "readout_code": In(bits),
            }
        )


class Wordlines(wiring.Signature):
    """Wordlines of both layers in the order of their rows, seen from who drives them.

    Ports:
        hidden_pos: of the hidden layer, those with positive polarity.
        hidden_neg: those with negative polarity.
        readout_pos: of the readout, those with positive polarity.
        readout_neg: those with negative polarity.
    """

    def __init__(self, design: DesignPoint) -> None:
        super().__init__(
            {
                f"{layer.name.lower()}_{polarity}": Out(layer_layout(design, layer).rows)
                for layer in Layer
                for polarity in POLARITIES
            }
        )


class PlaneStretch(wiring.Signature):
    """Further cycles of a reading up to its sample, seen from the registers.

    Ports:
        integrate: for which the wordlines of a plane are driven before it is integrated.
        settle: between the last plane and the sample.
    """

    def __init__(self, **members: wiring.Member) -> None:
        super().__init__({**{name: Out(STRETCH_BITS) for name in ("integrate", "settle")}, **members})

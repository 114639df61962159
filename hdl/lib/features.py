"""Features as they are streamed: by the bit streamer, and by what learns from them."""

from __future__ import annotations

from amaranth.hdl import Const, Module, Signal, Value

from remora.hdl.lib.fixed import magnitude, minimum, round_shift
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.formats import FEATURE_BITS


def feature_word(m: Module, design: DesignPoint, features: Value, index: int) -> tuple[Value, Value]:
    """Magnitude and sign of feature ``index`` of a step as it is streamed.

    Rules F1 to F3.

    Args:
        features: a step as stored, 8 bits a feature.
    """
    byte = features.word_select(index, FEATURE_BITS)
    if not design.network.feature_signed:
        return minimum(round_shift(byte, design.formats.feature_shift), design.formats.stream_limit), Const(0, 1)
    # −128 counts as −127, so that twice the magnitude fits a byte.
    clipped = minimum(magnitude(byte.as_signed()), (1 << (FEATURE_BITS - 1)) - 1)
    word = Signal(design.formats.stream_bits, name=f"feature_{index}")
    m.d.comb += word.eq(minimum(round_shift(clipped << 1, design.formats.feature_shift), design.formats.stream_limit))
    return word, byte[FEATURE_BITS - 1]

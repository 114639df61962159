"""Design points that stress different formats and sizes."""

from __future__ import annotations

from hypothesis import strategies as st

from remora.spec.crossbar.design import DesignPoint
from remora.spec.presets import load_design


def make_design(**sections) -> DesignPoint:
    """A design point of one cell lane from sections given as dictionaries."""
    return DesignPoint(name="test", **{"cell": {"lanes": 1}} | sections)


DESIGNS = {
    "one": load_design("one", DesignPoint),
    "tiny": load_design("tiny", DesignPoint),
    "primes": make_design(
        network={"features": 11, "hidden": 13, "classes": 5, "max_steps": 7}, crossbar={"rows": 7, "columns": 3}
    ),
    "signed": make_design(
        network={"features": 3, "hidden": 5, "classes": 2, "max_steps": 6, "feature_signed": True},
        crossbar={"rows": 4, "columns": 8},
    ),
    "coarse": make_design(
        network={"features": 6, "hidden": 4, "classes": 3, "max_steps": 5},
        formats={"stream_bits": 4, "state_bits": 10, "adc_bits": 5, "adc_range_log2": 1},
        crossbar={"rows": 64, "columns": 2, "levels": 3, "level_bits": 1},
    ),
    "double": make_design(  # bitline sums beyond 2**24
        network={"features": 600, "hidden": 3, "classes": 2, "max_steps": 2},
        crossbar={"rows": 1024, "levels": 128, "level_bits": 8},
    ),
    "mnist": load_design("mnist", DesignPoint),
}


@st.composite
def design_points(draw) -> DesignPoint:
    """Small design points over the whole range of formats."""
    number = lambda low, high: draw(st.integers(low, high))  # noqa: E731
    hidden = number(1, 6)
    direct = draw(st.booleans())
    capacity = draw(st.sampled_from([0, 1, 2, 3, 5]))
    stream_bits, level_bits = number(2, 8), number(0, 6)
    adc_range = number(0, 4)
    adc_bits = number(4, max(4, min(10, stream_bits + level_bits + 1 + adc_range)))
    if adc_bits - 1 - adc_range > stream_bits + level_bits:
        adc_range = 4
    return make_design(
        network={
            "features": number(1, 6),
            "hidden": hidden,
            "classes": number(1, 4),
            "max_steps": number(1, 4),
            "feature_signed": draw(st.booleans()),
        },
        cell={"lanes": 1, "reset_coefficient": number(0, 256), "update_coefficient": number(0, 256)},
        formats={
            "stream_bits": stream_bits,
            "state_bits": number(10, 15),
            "adc_bits": adc_bits,
            "adc_range_log2": adc_range,
        },
        crossbar={
            "rows": number(1, 14),
            "columns": number(1, 7),
            "levels": number(2, min(128, 1 << (adc_bits - 1))),
            "level_bits": level_bits,
        },
        learning={
            "seed": number(0, 2**32 - 1),
            "feedback_shift": number(0, 8),
            "hidden_shift": number(0, 12),
            "readout_shift": number(0, 12),
            "update": "direct" if direct else "accumulate",
            "winners": draw(st.just("all") | st.integers(1, hidden)),
            "replay_capacity": capacity,
            "replay_ratio": number(1, 3) if capacity else 1,
            "accumulator_level": 1 << number(1, 6) if direct else number(2, 100),
            "accumulator_bits": number(8, 24),
            "max_pulses": number(1, 15),
        },
    )

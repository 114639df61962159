"""The gain of codes on Verilator: of one lane and of several, with few bits and many, and with columns corrected."""

from __future__ import annotations

from remora.hdl.crossbar.gain.code_gain import CodeGain
from remora.spec.crossbar.layout import Layer
from tests.hdl.designs import COARSE, EXACT, ONE, TILED
from tests.support import simulate_cases

GAIN = {"gain": True}
CORRECTED = GAIN | {"bias": "digital", "calibrate_offsets": True}
CASES = {
    "coarse": {"design": COARSE.evolve(crossbar=GAIN), "layer": Layer.HIDDEN, "lanes": 3},
    "tiled": {"design": TILED.evolve(crossbar=GAIN), "layer": Layer.HIDDEN, "lanes": 2},
    "corrected": {"design": TILED.evolve(crossbar=CORRECTED), "layer": Layer.READOUT, "lanes": 1},
    "one": {"design": ONE.evolve(crossbar=GAIN), "layer": Layer.READOUT, "lanes": 1},
    "exact": {"design": EXACT.evolve(crossbar=CORRECTED), "layer": Layer.HIDDEN, "lanes": 2},
}


def test_code_gain():
    assert len(simulate_cases(CodeGain, CASES, "remora.tb.blocks.crossbar.gain.test_code_gain").tests) == 2

"""The pulse verifier on Verilator: row tiles of odd sizes, one row, and the first sums in a macro."""

from __future__ import annotations

from remora.hdl.learning.verify.pulse_verifier import PulseVerifier
from tests.hdl.designs import cases
from tests.hdl.learning.verify.verified_designs import SMALL, VERIFIED
from tests.hdl.macro_models import MEMORY
from tests.support import simulate_cases


def test_pulse_verifier():
    module = "remora.tb.blocks.learning.verify.test_pulse_verifier"
    found = simulate_cases(PulseVerifier, cases(VERIFIED | {"small": SMALL}), module, extra_sources=[MEMORY])
    assert len(found.tests) == 3

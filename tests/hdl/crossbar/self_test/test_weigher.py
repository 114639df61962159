"""The weigher on Verilator: sums in macros and in flip-flops, one lane and several."""

from __future__ import annotations

from remora.hdl.crossbar.self_test.weigher import Weigher
from tests.hdl.crossbar.self_test.designs import with_self_test
from tests.hdl.designs import cases
from tests.hdl.macro_models import MEMORY
from tests.support import simulate_cases


def test_weigher():
    designs = with_self_test("one", "coarse", "exact")
    designs["exact"] = designs["exact"].evolve(system={"small_memory_bits": 4096})
    module = "remora.tb.blocks.crossbar.self_test.test_weigher"
    assert len(simulate_cases(Weigher, cases(designs), module, extra_sources=[MEMORY]).tests) == 5

"""The list of findings on Verilator, in a macro and in flip-flops, with as many entries as it has at least and more."""

from __future__ import annotations

from remora.hdl.crossbar.self_test.finding_list import FindingList
from tests.hdl.crossbar.self_test.designs import with_self_test
from tests.hdl.designs import cases
from tests.hdl.macro_models import MEMORY
from tests.support import simulate_cases


def test_finding_list():
    designs = with_self_test("one", "primes")
    designs["one"] = designs["one"].evolve(system={"small_memory_bits": 4096})
    module = "remora.tb.blocks.crossbar.self_test.test_finding_list"
    assert len(simulate_cases(FindingList, cases(designs), module, extra_sources=[MEMORY]).tests) == 3

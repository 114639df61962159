"""The register block on Verilator."""

from __future__ import annotations

import pytest

from flow.simulator import build, run, write_source
from hdl.registers import RegisterBlock
from hdl.verilog import to_verilog
from tb.register_model import DESIGN


@pytest.mark.parametrize(("module", "tests"), [("tb.test_registers", 12), ("tb.test_registers_traffic", 9)])
def test_registers(module, tests):
    source = write_source("registers.v", to_verilog(RegisterBlock(DESIGN), "registers"))
    result = run(build([source], "registers", name="registers"), module)
    assert len(result.tests) == tests

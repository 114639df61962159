"""The register block on Verilator."""

from __future__ import annotations

import pytest

from remora.flow.tools.simulator import build, run, write_source
from remora.hdl.lib.registers import RegisterBlock
from remora.hdl.lib.verilog import to_verilog
from remora.tb.models.registers import DESIGN


@pytest.mark.parametrize(
    ("module", "tests"),
    [("remora.tb.blocks.lib.test_registers", 12), ("remora.tb.blocks.lib.test_registers_traffic", 9)],
)
def test_registers(module, tests):
    source = write_source("registers.v", to_verilog(RegisterBlock(DESIGN), "registers"))
    result = run(build([source], "registers", name="registers"), module)
    assert len(result.tests) == tests

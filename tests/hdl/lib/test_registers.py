"""The register block on Verilator."""

from __future__ import annotations

import pytest

from remora.flow.tools.simulator import build, run, write_source
from remora.hdl.lib.registers import RegisterBlock
from remora.hdl.lib.verilog import to_verilog
from remora.tb.models.registers import DESIGN
from tests.hdl.designs import TILED
from tests.support import simulate_cases

REPLAYS = TILED.evolve(learning={"enabled": True, "replay_capacity": 5, "replay_ratio": 2})
"""Fields of every kind, limited and guarded ones and two pointers among them."""


@pytest.mark.parametrize(
    ("module", "tests"),
    [("remora.tb.blocks.lib.test_registers", 12), ("remora.tb.blocks.lib.test_registers_traffic", 9)],
)
def test_registers(module, tests):
    source = write_source("registers.v", to_verilog(RegisterBlock(DESIGN), "registers"))
    result = run(build([source], "registers", name="registers"), module)
    assert len(result.tests) == tests


def test_register_block():
    cases = {"replays": {"design": REPLAYS}, "tiled": {"design": TILED}}
    module = "remora.tb.blocks.lib.test_register_block"
    assert len(simulate_cases(RegisterBlock, cases, module).tests) == 1

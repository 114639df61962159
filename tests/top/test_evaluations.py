"""What Verilator settles at every evaluation, of which a clock cycle has several: nothing of the design."""

from __future__ import annotations

import re

import pytest

from tests.top.bmru.test_resets import DESIGN as BMRU
from tests.top.crossbar.test_learning_resets import DESIGN as LEARNING

FUNCTION = re.compile(r"^void Vtop___024root___ico_\w+\([^)]*\) \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
"""What Verilator writes of all that depends on inputs and on what may be written from outside."""
GATED = re.compile(
    r"vlSelfRef\.remora_harness__DOT__dut__DOT__clk\s*=\s*\(\(IData\)\(vlSelfRef\.remora_harness__DOT__aclk\)\s*"
    r"& \(IData\)\(vlSelfRef\.remora_harness__DOT__dut__DOT__gate__DOT__held\)\);"
)


@pytest.mark.parametrize("design", [LEARNING, BMRU], ids=["crossbars", "BMRU accelerator"])
def test_an_evaluation_settles_inputs_alone(design, harness):
    """Behind them are registers, and outputs cannot be written: else a simulation takes up to twice as long."""
    _, build = harness(design)
    files = sorted(build.directory.glob("Vtop___024root__*.cpp"))
    found = "".join(FUNCTION.findall("".join(path.read_text(encoding="utf-8") for path in files)))
    assert "remora_harness__DOT__aresetn" in found
    # A gated clock follows the clock, which is an input, through one gate.
    found = GATED.sub("", found)
    assert "dut" not in found

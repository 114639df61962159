"""Inputs of modules, as Verilog of every style declares them."""

from __future__ import annotations

import pytest
from amaranth.lib.wiring import In

from remora.flow.tools.ports import input_names
from remora.flow.tools.simulator import write_source
from remora.hdl.lib.registers import RegisterBlock
from remora.hdl.lib.verilog import to_verilog
from remora.tb.models.registers import DESIGN

AMONG = """module other (input wire no); endmodule
module chip #(
    parameter int W = 2, parameter X = "a,b"
) (
    input wire clk,  // a comment, with input in it
    input wire [W-1:0] a, b,
    output logic [7:0] c, d,
    /* input wire gone, */ input real e [3],
    output wire f, input wire last
);
  function automatic int g(input int h); return h; endfunction
endmodule
"""
BELOW = """module chip(clk, a, b, c);
  function automatic f;
    input c;
    f = c;
  endfunction
  input clk;
  wire clk;
  (* init = 1 *)
  input [3:0] a, b;
  output c;
endmodule
module other(d);
  input d;
endmodule
"""


@pytest.mark.parametrize(("text", "names"), [(AMONG, "clk a b e last"), (BELOW, "clk a b")], ids=["among", "below"])
def test_inputs(text, names, tmp_path):
    (tmp_path / "chip.sv").write_text(text, encoding="utf-8")
    assert input_names("chip", [tmp_path / "chip.sv"]) == names.split()
    assert input_names("chi", [tmp_path / "chip.sv"]) == []


def test_inputs_of_generated_verilog():
    block = RegisterBlock(DESIGN)
    members = block.signature.flatten(block)
    expected = {"__".join(map(str, path)) for path, member, _ in members if member.flow == In}
    found = input_names("registers", [write_source("registers.v", to_verilog(block, "registers"))])
    assert len(found) > 20 and set(found) == expected | {"clk", "rst"}

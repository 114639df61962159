"""A plain testbench that resets the generated design, and says what its outputs and registers hold from then on.

It uses nothing of a simulator but the language, and power-up is as the simulator has it: all x in a four-state one.
"""

from __future__ import annotations

from remora.spec.lib.registers import register_map
from remora.spec.lib.reset import HELD_CYCLES
from remora.spec.lib.section import Design
from tests.top.plain_bench import design_under_test

BENCH_MODULE = "power_up"
WATCHED_CYCLES = 200
"""Cycles from the end of reset in which every output is looked at; more than the sweep over χ takes."""


def power_up_bench(design: Design, ports: list[dict]) -> str:
    """SystemVerilog of the bench; the design is the instance ``dut`` of module ``remora``.

    It prints ``output NAME VALUE CYCLE`` where an output has an unknown bit in a cycle after reset, ``register NAME
    VALUE RESPONSE`` for every register, each read once over AXI4-Lite, and ``end OUTPUTS CYCLES`` at last.

    Args:
        ports: of the design, as its sidecar lists them.
    """
    outputs = [port for port in ports if port["direction"] == "output"]
    watches = "\n".join(
        f'    if ((^{port["name"]}) === 1\'bx) $display("output {port["name"]} %b %0d", {port["name"]}, cycle);'
        for port in outputs
    )
    reads = "\n".join(f'    read("{register.name}", {register.address});' for register in register_map(design))
    return f"""`timescale 1ns / 1ps
module {BENCH_MODULE};
  reg aclk = 0;
  reg aresetn = 0;
  integer cycle = 0;
{design_under_test(ports)}

  always #5 aclk = !aclk;

  // Just before an edge, when all has settled.
  always @(negedge aclk) if (aresetn) begin
    cycle = cycle + 1;
{watches}
  end

  task read(input [8*40-1:0] name, input [11:0] address);
    begin
      s_axil_araddr = address;
      s_axil_arvalid = 1;
      @(negedge aclk);
      while (s_axil_arready !== 1) @(negedge aclk);
      @(posedge aclk) #1 s_axil_arvalid = 0;
      while (s_axil_rvalid !== 1) @(negedge aclk);
      $display("register %0s %b %b", name, s_axil_rdata, s_axil_rresp);
      @(posedge aclk) #1;
    end
  endtask

  initial begin
    repeat ({HELD_CYCLES}) @(posedge aclk);
    #1 aresetn = 1;
    s_axil_rready = 1;
    s_axil_bready = 1;
    m_axis_tready = 1;
    repeat ({WATCHED_CYCLES}) @(posedge aclk);
    #1;
{reads}
    $display("end {len(outputs)} %0d", cycle);
    $finish;
  end
endmodule
"""

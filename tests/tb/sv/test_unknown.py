"""What is unknown never passes for 0: on Icarus Verilog an unknown bit of a record or an answer ends the simulation."""

from __future__ import annotations

import subprocess

import pytest

from remora.flow.tools.icarus import build_icarus
from remora.flow.tools.simulator import write_source
from remora.flow.verify.harness import SOURCES
from tests.support import icarus

TRACE = """
module top;
  wire tracing;
  remora_trace_file #(.KIND("few"), .BITS(32)) file (.tracing(tracing));
  initial begin
    #1 file.write(32'h12345678);
    #1 file.write({31'h2, VALUE});
    $finish;
  end
endmodule
"""
STREAM = """
module top;
  reg clk = 0, reset = 1, tvalid = 0;
  reg [31:0] tdata = 0;
  remora_stream_check check (
    .clk(clk), .reset(reset), .tdata(tdata), .tkeep(4'hF), .tlast(1'b1), .tvalid(tvalid), .tready(1'b1)
  );
  always #5 clk = !clk;
  initial begin
    #42 reset = 0;
    #40 WHICH = VALUE;
    #40 $finish;
  end
endmodule
"""
CASES = {
    "record": (TRACE, "trace_file", "", "a record of kind few holds an unknown value"),
    "beat": (STREAM, "stream_check", "{tvalid, tdata[3]}", "m_axis: a beat holds an unknown value"),
    "offer": (STREAM, "stream_check", "tvalid", "m_axis: whether a beat is offered is unknown"),
}


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("name", CASES)
def test_an_unknown_bit_ends_the_simulation(name, known, tmp_path):
    text, module, which, message = CASES[name]
    value = {"record": "1'b", "beat": "2'b1", "offer": "1'b"}[name] + ("1" if known else "x")
    text = f"`timescale 1ns / 1ps\n{text.replace('WHICH', which).replace('VALUE', value)}"
    build = build_icarus([SOURCES / f"remora_{module}.sv", write_source("unknown.sv", text)], "top", name="unknown")
    command = [str(icarus().vvp), "-n", str(build.executable), f"+remora_trace={tmp_path}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (message in done.stdout + done.stderr) != known
    assert (done.returncode == 0) == known

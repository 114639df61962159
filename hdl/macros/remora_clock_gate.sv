// Clock gate: behavioural model. The clock goes on where `enable` was high at the falling edge before, so that no pulse of
// the gated clock is cut.
`timescale 1ns / 1ps
`default_nettype none

module remora_clock_gate (
    input wire clk,
    input wire enable,
    output wire gated
);
  reg held;
  always @(negedge clk) held <= enable;
  assign gated = clk && held;
endmodule

`default_nettype wire

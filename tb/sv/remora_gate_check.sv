// The promise behind the analog core's gated clock: while the clock enable is low, nothing is asked of the core and nothing
// of it is awaited.
`timescale 1ns / 1ps
`default_nettype none

module remora_gate_check (
    input wire clk,
    input wire reset,
    input wire clock_enable,
    input wire busy  // any strobe of the core, its valid, or its reset
);
  logic powered_up = 0;
  always @(posedge clk) begin
    if (reset) powered_up <= 1;
    if (powered_up && busy && !clock_enable) $fatal(1, "the analog core is used while its clock is not enabled");
  end
endmodule

`default_nettype wire

// What records of the crossbar accelerator begin with: cycles since the start of the simulation, and the number of the
// sequence in flight; the first is 0. A sequence counts from the cycle in which its first plane is integrated.
//
// `live` is high from the first reset on: what random values did before it is no event.
`timescale 1ns / 1ps
`default_nettype none

module remora_trace_head (
    input wire clk,
    input wire reset,
    input wire started,  // the first plane of a sequence's first step is integrated
    output wire [63:0] cycle,
    output wire [31:0] sequence_number,
    output wire live
);
  longint unsigned cycles = 0;
  int unsigned last = 32'hFFFF_FFFF;
  logic powered_up = 0;
  assign cycle = cycles;
  assign live = powered_up;
  assign sequence_number = last + 32'(powered_up && !reset && started);
  always @(posedge clk) begin
    cycles <= cycles + 1;
    last <= sequence_number;
    if (reset) powered_up <= 1;
  end
endmodule

`default_nettype wire

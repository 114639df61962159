// What records of the crossbar accelerator begin with: cycles since the start of the simulation, and of the sequence in each
// context its number and its step; the first sequence is 0. A sequence counts from the cycle after the one in which it takes its
// context or is replayed, a step from the cycle after that of its first plane.
//
// `live` is high from the first reset on: what random values did before it is no event.
`timescale 1ns / 1ps
`default_nettype none

module remora_trace_head
  import remora_trace::*;
(
    input wire clk,
    input wire reset,
    input wire taken,
    input wire [CONTEXT_INDEX_BITS-1:0] taken_context,
    input wire restarted,
    input wire started,  // the first plane of a step is integrated
    input wire [CONTEXT_INDEX_BITS-1:0] context_index,
    input wire [15:0] step,
    output wire [63:0] cycle,
    output wire live
);
  longint unsigned cycles = 0;
  int unsigned sequences = 0;
  int unsigned sequence_of[CONTEXTS];
  shortint unsigned step_of[CONTEXTS];
  logic powered_up = 0;
  assign cycle = cycles;
  assign live = powered_up;
  always @(posedge clk) begin
    cycles <= cycles + 1;
    if (reset) powered_up <= 1;
    else if (powered_up) begin
      if (started) step_of[context_index] <= step;
      if (taken) sequence_of[taken_context] <= sequences;
      if (restarted) sequence_of[0] <= sequences;
      if (taken || restarted) sequences <= sequences + 1;
    end
  end
endmodule

`default_nettype wire

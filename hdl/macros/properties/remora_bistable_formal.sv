// Bistable cells for proofs: the rules of their contract, and states and thresholds that may be anything.
`default_nettype none

module remora_bistable #(
    parameter CELLS = 128,
    parameter CELL_BITS = 7,
    parameter ROW_TILES = 1,
    parameter CURRENT_BITS = 40,
    parameter FRACTION_BITS = 11,
    parameter THRESHOLD_BITS = 24,
    parameter NAME = "cells"
) (
    input wire clk,
    input wire reset,
    input wire [ROW_TILES*CELLS*CURRENT_BITS-1:0] current,
    input wire clear,
    input wire settle,
    output wire [CELLS-1:0] state,
    input wire [CELL_BITS-1:0] cell_index,
    input wire load_low,
    input wire load_high,
    input wire [THRESHOLD_BITS-1:0] threshold,
    output wire [THRESHOLD_BITS-1:0] low,
    output wire [THRESHOLD_BITS-1:0] high
);
  (* anyseq *) reg [CELLS-1:0] any_state;
  (* anyseq *) reg [2*THRESHOLD_BITS-1:0] any_thresholds;
  assign state = any_state;
  assign {low, high} = any_thresholds;
  // As in the behavioural model.
  reg clocked = 0, powered_up = 0;
  always @(posedge clk) begin
    clocked <= 1;
    if (clocked && reset) powered_up <= 1;
  end
  wire off = reset || !powered_up;

  clear_apart: assert property (off || !clear || !settle);
  reached_clear_apart: cover property (!off && clear);
  load_apart: assert property (off || !settle || !(load_low || load_high));
  reached_load_apart: cover property (!off && settle);
  one_load: assert property (off || !load_low || !load_high);
  reached_one_load: cover property (!off && load_low);
  cell_there: assert property (off || !(load_low || load_high) || cell_index < CELLS);
  reached_cell_there: cover property (!off && load_high);
endmodule

`default_nettype wire

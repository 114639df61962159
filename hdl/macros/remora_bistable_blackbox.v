// Bistable cells at the bitlines: blackbox for synthesis. Same ports as the behavioural model in remora_bistable.sv.
`timescale 1ns / 1ps
(* blackbox *)
module remora_bistable #(
    parameter CELLS = 128,
    parameter CELL_BITS = 7,
    parameter ROW_TILES = 1,
    parameter CURRENT_BITS = 40,
    parameter FRACTION_BITS = 11,
    parameter THRESHOLD_BITS = 24,
    parameter NAME = "cells"
) (
    input clk,
    input reset,
    input [ROW_TILES*CELLS*CURRENT_BITS-1:0] current,
    input clear,
    input settle,
    output [CELLS-1:0] state,
    input [CELL_BITS-1:0] cell_index,
    input load_low,
    input load_high,
    input [THRESHOLD_BITS-1:0] threshold,
    output [THRESHOLD_BITS-1:0] low,
    output [THRESHOLD_BITS-1:0] high
);
endmodule

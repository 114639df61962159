// Memristive crossbar tile: blackbox for synthesis. Same ports as the behavioural model in remora_crossbar.sv.
`timescale 1ns / 1ps
(* blackbox *)
module remora_crossbar #(
    parameter ROWS = 160,
    parameter COLUMNS = 128,
    parameter COLUMN_BITS = 7,
    parameter PLANE_BITS = 3,
    parameter ADC_BITS = 8,
    parameter ADC_SHIFT = 7,
    parameter ADC_CYCLES = 8,
    parameter INTEGRATORS = 1,
    parameter SENSE_CYCLES = 1,
    parameter LEVELS = 32,
    parameter FRACTION_BITS = 11,
    parameter PULSE_CYCLES = 4,
    parameter CURRENT_BITS = 40,
    parameter REFERENCE = 0,
    parameter NAME = "tile"
) (
    input clk,
    input reset,
    input [ROWS-1:0] wl_pos,
    input [ROWS-1:0] wl_neg,
    input [PLANE_BITS-1:0] plane,
    input integrate,
    input integrator,
    input sample,
    input convert,
    output [COLUMNS*ADC_BITS-1:0] code,
    output valid,
    output [COLUMNS*CURRENT_BITS-1:0] current,
    input [COLUMN_BITS-1:0] column,
    input [ROWS-1:0] up,
    input [ROWS-1:0] down,
    input [ROWS-1:0] side,
    input pulse,
    output busy,
    output [ROWS-1:0] pos_rest,
    output [ROWS-1:0] pos_full,
    output [ROWS-1:0] neg_rest,
    output [ROWS-1:0] neg_full
);
endmodule

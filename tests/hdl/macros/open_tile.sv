// A crossbar tile that a bench stands in for: it sees every pin, and says what the tile answers.
`timescale 1ns / 1ps
`default_nettype none

module remora_crossbar #(
    parameter int ROWS = 160,
    parameter int COLUMNS = 128,
    parameter int COLUMN_BITS = 7,
    parameter int PLANE_BITS = 3,
    parameter int ADC_BITS = 8,
    parameter int ADC_SHIFT = 7,
    parameter int ADC_CYCLES = 8,
    parameter int INTEGRATORS = 1,
    parameter int SENSE_CYCLES = 1,
    parameter int LEVELS = 32,
    parameter int FRACTION_BITS = 11,
    parameter int PULSE_CYCLES = 4,
    parameter int CURRENT_BITS = 40,
    parameter int REFERENCE = 0,
    parameter NAME = "tile"
) (
    input wire clk,
    input wire reset,
    input wire [ROWS-1:0] wl_pos,
    input wire [ROWS-1:0] wl_neg,
    input wire [PLANE_BITS-1:0] plane,
    input wire integrate,
    input wire integrator,
    input wire sample,
    input wire convert,
    output wire [COLUMNS*ADC_BITS-1:0] code,
    output wire valid,
    output wire [COLUMNS*CURRENT_BITS-1:0] current,
    input wire [COLUMN_BITS-1:0] column,
    input wire [ROWS-1:0] up,
    input wire [ROWS-1:0] down,
    input wire [ROWS-1:0] side,
    input wire pulse,
    output wire busy,
    output wire [ROWS-1:0] pos_rest,
    output wire [ROWS-1:0] pos_full,
    output wire [ROWS-1:0] neg_rest,
    output wire [ROWS-1:0] neg_full
);
  // All pins in one word, and all answers in another: a bench reads and writes one a cycle.
  wire [5*ROWS+PLANE_BITS+COLUMN_BITS+5:0] pins /*verilator public_flat_rd*/ = {
    pulse, side, down, up, column, convert, sample, integrator, integrate, plane, wl_neg, wl_pos, reset
  };
  reg [4*ROWS+COLUMNS*ADC_BITS+1:0] answers /*verilator public_flat_rw*/;
  assign {busy, valid, neg_full, neg_rest, pos_full, pos_rest, code} = answers;
  assign current = '0;
endmodule

`default_nettype wire

// Bistable cells at the bitlines of the crossbar tiles above them: behavioural model, for simulation only.
//
// A cell is a current-mode Schmitt trigger with memory, the cell of the Bistable Memory Recurrent Unit in the first
// quadrant. The currents of the tiles of one column add on its input; a diode rectifies the sum. All arithmetic is on
// integers, so that numpy reproduces it exactly. The signals, their domains and timing are tabled in
// docs/reference/macros.md; the synthesis blackbox beside this file has the same ports.
`timescale 1ns / 1ps
`default_nettype none

module remora_bistable #(
    parameter int CELLS = 128,
    parameter int CELL_BITS = 7,
    parameter int ROW_TILES = 1,
    parameter int CURRENT_BITS = 40,
    parameter int FRACTION_BITS = 11,  // of a current, below one whole level
    parameter int THRESHOLD_BITS = 24,
    parameter NAME = "cells"  // of the memory image, and in messages
) (
    input wire clk,
    input wire reset,
    // Cells
    input wire [ROW_TILES*CELLS*CURRENT_BITS-1:0] current,
    input wire clear,
    input wire settle,
    output wire [CELLS-1:0] state,
    // Bias
    input wire [CELL_BITS-1:0] cell_index,
    input wire load_low,
    input wire load_high,
    input wire [THRESHOLD_BITS-1:0] threshold,
    output wire [THRESHOLD_BITS-1:0] low,
    output wire [THRESHOLD_BITS-1:0] high
);
  // Before its first reset, when the flip-flops that drive its pins hold anything, the macro is as in reset. At the first
  // edge `reset` itself holds anything where the simulation begins with the reset pin low.
  bit clocked, powered_up;
  initial {clocked, powered_up} = 0;
  always @(posedge clk) begin
    clocked <= 1;
    if (clocked && reset) powered_up <= 1;
  end
  wire off = reset || !powered_up;
  // Codes of the bias converters, in latches that no reset touches. Fresh ones hold 0, or what +remora_images=DIR says:
  // DIR/NAME.hex, low and high threshold of one cell after the other in whole levels, 32-bit two's complement.
  logic signed [THRESHOLD_BITS-1:0] low_of[CELLS];
  logic signed [THRESHOLD_BITS-1:0] high_of[CELLS];
  remora_image #(
      .WORDS(2 * CELLS),
      .DIGITS(8),
      .LIMIT((1 << (THRESHOLD_BITS - 1)) - 1),
      .NAME(NAME)
  ) image ();
  bit has_image;
  int code;
  initial begin
    image.open(has_image);
    code = 0;
    // As in remora_crossbar.sv.
    // verilator unroll_disable
    for (int j = 0; j < CELLS; j++) begin
      if (has_image) image.read(code);
      low_of[j] = THRESHOLD_BITS'(code);
      if (has_image) image.read(code);
      high_of[j] = THRESHOLD_BITS'(code);
    end
    if (has_image) image.close;
  end

  // What flows through the rectifier of a cell: the sum over its row tiles, where that is positive; rules B1 and B3.
  function automatic longint candidate(input int unit);
    longint sum;
    sum = 0;
    for (int tile = 0; tile < ROW_TILES; tile++)
      sum = sum + longint'($signed(current[(tile*CELLS+unit)*CURRENT_BITS+:CURRENT_BITS]));
    return sum > 0 ? sum : 0;
  endfunction

  // Rule B4.
  function automatic logic settled(input int unit, input logic held);
    longint flowing;
    flowing = candidate(unit);
    if (flowing >= (longint'(high_of[unit]) <<< FRACTION_BITS)) return 1'b1;
    if (flowing <= (longint'(low_of[unit]) <<< FRACTION_BITS)) return 1'b0;
    return held;
  endfunction

  logic [CELLS-1:0] state_r;
  wire in_range = int'(cell_index) < CELLS && !off;
  always @(posedge clk)
    if (off || clear) state_r <= '0;
    else if (settle) for (int j = 0; j < CELLS; j++) state_r[j] <= settled(j, state_r[j]);
  always @(posedge clk)
    if (in_range) begin
      if (load_low) low_of[cell_index] <= $signed(threshold);
      if (load_high) high_of[cell_index] <= $signed(threshold);
    end

  // Outputs are tied off in reset.
  assign state = off ? '0 : state_r;
  assign low = in_range ? low_of[cell_index] : '0;
  assign high = in_range ? high_of[cell_index] : '0;

  // The contract of the macro's user; a violation ends the simulation.
  always @(posedge clk)
    if (!off) begin
      if (clear && settle) $fatal(1, "%s: clear and settle in one cycle", NAME);
      if (settle && (load_low || load_high)) $fatal(1, "%s: a threshold moves while the cells settle", NAME);
      if (load_low && load_high) $fatal(1, "%s: both thresholds are loaded at once", NAME);
      if ((load_low || load_high) && in_range !== 1) $fatal(1, "%s: there is no cell %0d to load", NAME, cell_index);
    end
endmodule

`default_nettype wire

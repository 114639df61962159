// Crossbar tile for proofs: the rules of its contract, and outputs that are anything the contract allows. What devices
// hold, codes, currents and sense flags are free in every cycle.
`default_nettype none

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
  (* anyseq *) reg [COLUMNS*ADC_BITS-1:0] any_code;
  (* anyseq *) reg [COLUMNS*CURRENT_BITS-1:0] any_current;
  (* anyseq *) reg [4*ROWS-1:0] any_flags;
  assign code = any_code;
  assign current = any_current;
  assign {pos_rest, pos_full, neg_rest, neg_full} = any_flags;

  // As in the behavioural model.
  reg clocked = 0, powered_up = 0;
  always @(posedge clk) begin
    clocked <= 1;
    if (clocked && reset) powered_up <= 1;
  end
  wire off = reset || !powered_up;
  reg ends = 0;
  reg [7:0] converting = 0, pulsing = 0;
  reg [1:0] gathered = 0;
  wire other = INTEGRATORS == 2 && !integrator;
  always @(posedge clk) begin
    if (off) begin
      ends <= 0;
      converting <= 0;
      gathered <= 0;
    end else begin
      ends <= convert ? ADC_CYCLES == 1 : converting == 1;
      if (convert) converting <= ADC_CYCLES - 1;
      else if (converting != 0) converting <= converting - 1;
      if (sample) gathered[other] <= 0;
      if (integrate) gathered[INTEGRATORS==2&&integrator] <= 1;
    end
    if (pulse && !off && pulsing == 0) pulsing <= PULSE_CYCLES;
    else if (pulsing != 0) pulsing <= pulsing - 1;
  end
  assign valid = ends && !off;
  assign busy = pulsing != 0 && !off;

  // Reads and programming never overlap.
  read_apart: assert property (off || pulsing == 0 || !(integrate || sample));
  reached_read_apart: cover property (!off && pulsing != 0);
  pulse_apart: assert property (off || !pulse || gathered == 0);
  reached_pulse_apart: cover property (!off && gathered != 0);
  pulse_waits: assert property (off || !pulse || pulsing == 0);
  reached_pulse_waits: cover property (!off && pulse);
  sample_apart: assert property (off || INTEGRATORS == 2 || !(integrate && sample));
  reached_sample_apart: cover property (!off && sample);
  integrator_there: assert property (off || INTEGRATORS == 2 || !(integrate || sample) || !integrator);
  reached_integrator_there: cover property (!off && integrate);
  sample_waits: assert property (off || !sample || (convert ? ADC_CYCLES == 1 : converting <= 1));
  reached_sample_waits: cover property (!off && sample && converting == 0);
  convert_waits: assert property (off || !convert || converting == 0);
  reached_convert_waits: cover property (!off && convert);
  column_there: assert property (off || !pulse || column < COLUMNS);
  reached_column_there: cover property (!off && pulse && (COLUMNS == 1 || column != 0));
  one_way: assert property (off || !pulse || (up & down) == 0);
  reached_one_way: cover property (!off && pulse && up != 0);
  one_polarity: assert property (off || !integrate || (wl_pos & wl_neg) == 0);
  reached_one_polarity: cover property (!off && integrate && wl_pos != 0);
  // In reset nothing is asked of the tile, so that no pulse outlives a reset.
  reg held = 0;
  always @(posedge clk) held <= reset && powered_up;
  silent: assert property (!held || !reset || !(integrate || sample || convert || pulse));
  reached_silent: cover property (held && reset);
endmodule

`default_nettype wire

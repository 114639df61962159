// BMRU core for proofs: the rules of its contract, and outputs that may be anything.
`default_nettype none

module remora_bmru_core #(
    parameter FEATURES = 13,
    parameter WIDTH = 4,
    parameter BLOCKS = 2,
    parameter CLASSES = 2,
    parameter CLASS_BITS = 1,
    parameter FEATURE_BITS = 10,
    parameter FEATURE_STEP_PA = 10,
    parameter RATIO_BITS = 8,
    parameter RATIO_FRACTION = 5,
    parameter BIAS_BITS = 10,
    parameter BIAS_STEP_PA = 10,
    parameter NODE_BITS = 18,
    parameter LEAKAGE_PA = 5,
    parameter SETTLE_FACTOR = 3,
    parameter SETTLE_SHIFT = 2,
    parameter HOLD_CYCLES = 292,
    parameter CHARGE_BITS = 48,
    parameter MISMATCH = 0,
    parameter BIAS_ERROR = 0,
    parameter NOISE_PA = 0,
    parameter SEED = 1
) (
    input wire clk,
    input wire reset,
    input wire scan_enable,
    input wire scan_in,
    output wire scan_out,
    input wire scan_capture,
    input wire scan_latch,
    input wire [FEATURES*FEATURE_BITS-1:0] feature,
    input wire clear,
    input wire settle,
    input wire [BLOCKS-1:0] evaluate,
    input wire sample,
    output wire [BLOCKS*WIDTH-1:0] state,
    output wire [CLASS_BITS-1:0] winner,
    output wire valid,
    output wire [CHARGE_BITS-1:0] charge
);
  (* anyseq *) reg any_bit;
  (* anyseq *) reg [BLOCKS*WIDTH-1:0] any_state;
  (* anyseq *) reg [CLASS_BITS-1:0] any_winner;
  (* anyseq *) reg [CHARGE_BITS-1:0] any_charge;
  assign scan_out = any_bit;
  assign state = any_state;
  assign winner = any_winner;
  assign charge = any_charge;
  // As in the behavioural model; the latches are written once at least before anything settles.
  reg powered_up = 0, programmed = 0, sampled = 0;
  wire off = reset || !powered_up;
  always @(posedge clk) begin
    powered_up <= 1;
    if (!off && scan_latch) programmed <= 1;
    sampled <= !off && settle && sample;
  end
  assign valid = sampled && !reset;

  wire [FEATURE_BITS-1:0] least = 1 << FEATURE_BITS - 1;
  reg [FEATURES-1:0] beyond;
  integer index;
  always @*
    for (index = 0; index < FEATURES; index = index + 1)
      beyond[index] = feature[index*FEATURE_BITS+:FEATURE_BITS] == least;

  scan_apart: assert property (off || {2'd0, scan_enable} + scan_capture + scan_latch <= 1);
  reached_scan_apart: cover property (!off && scan_capture);
  latched: assert property (off || !settle || programmed);
  reached_latched: cover property (!off && settle);
  evaluate_settles: assert property (off || settle || !(sample || evaluate != 0));
  reached_evaluate_settles: cover property (!off && sample);
  cleared_apart: assert property (off || !clear || !settle);
  reached_cleared_apart: cover property (!off && clear);
  latch_apart: assert property (off || !scan_latch || !settle);
  reached_latch_apart: cover property (!off && scan_latch);
  feature_there: assert property (off || !settle || beyond == 0);
  reached_feature_there: cover property (!off && settle && feature != 0);
endmodule

`default_nettype wire

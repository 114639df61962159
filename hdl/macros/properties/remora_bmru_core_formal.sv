// BMRU core for proofs: the rules of its contract, and outputs that are anything the contract allows. What the chain
// shows, states, winner and charge are free in every cycle.
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
  (* anyseq *) reg [CLASS_BITS-1:0] any_class;
  (* anyseq *) reg [CHARGE_BITS-1:0] any_charge;
  assign scan_out = any_bit;
  assign state = reset ? 0 : any_state;
  assign winner = reset ? 0 : any_class;
  assign charge = any_charge;
  // As in the behavioural model.
  reg powered_up = 0, ends = 0;
  wire off = reset || !powered_up;
  always @(posedge clk) begin
    powered_up <= 1;
    ends <= !off && settle && sample;
  end
  assign valid = ends && !reset;

  // Codes are there once the chain was latched, or once its user has read the latches back, every bit of them.
  localparam MIRRORS = WIDTH * FEATURES + 2 * BLOCKS * WIDTH * WIDTH + CLASSES * WIDTH;
  localparam BIASES = WIDTH * (1 + 2 * BLOCKS) + CLASSES;
  localparam CHAIN = MIRRORS * (RATIO_BITS + 1) + BIASES * (BIAS_BITS + 1) + 3 * BLOCKS * WIDTH * BIAS_BITS;
  reg codes = 0;
  reg [15:0] left = CHAIN;  // bits of the latches that were not shown since they were captured
  always @(posedge clk)
    if (!off) begin
      if (scan_latch || left == 0) codes <= 1;
      if (scan_capture) left <= CHAIN;
      else if (scan_enable && left != 0) left <= left - 1;
    end

  one_strobe: assert property (off || {2'd0, scan_enable} + scan_capture + scan_latch <= 1);
  reached_one_strobe: cover property (!off && scan_capture);
  settle_codes: assert property (off || !settle || codes);
  reached_settle_codes: cover property (!off && settle && codes);
  evaluate_settles: assert property (off || !(evaluate != 0 || sample) || settle);
  reached_evaluate_settles: cover property (!off && evaluate != 0);
  clear_apart: assert property (off || !clear || !settle);
  reached_clear_apart: cover property (!off && clear);
  latch_apart: assert property (off || !scan_latch || !settle);
  reached_latch_apart: cover property (!off && scan_latch);
  wire [FEATURES-1:0] lowest;
  genvar i;
  generate
    for (i = 0; i < FEATURES; i = i + 1) begin : each
      assign lowest[i] = feature[i*FEATURE_BITS+:FEATURE_BITS] == {1'b1, {(FEATURE_BITS - 1) {1'b0}}};
    end
  endgenerate
  feature_there: assert property (off || !settle || lowest == 0);
  reached_feature_there: cover property (!off && settle && feature[FEATURE_BITS-1]);
endmodule

`default_nettype wire

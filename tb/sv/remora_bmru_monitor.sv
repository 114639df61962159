// Trace monitor of the analog core: writes the frame records of spec/lib/trace.py while the design runs.
//
// Bound into every remora_bmru_core, of which it sees what was sampled. Records are built in one packed vector, low field
// first, and written as 32-bit words, which is the byte order of the format. With +remora_trace=DIR the file
// DIR/frame.bin is written, else nothing is; so a traced simulation has one core. Before the first reset nothing is.
`timescale 1ns / 1ps
`default_nettype none

module remora_bmru_monitor #(
    parameter int FEATURES = 1,
    parameter int CELLS = 1,
    parameter int CLASSES = 1,
    parameter int CLASS_BITS = 1,
    parameter int FEATURE_BITS = 10,
    parameter int CHARGE_BITS = 48
) (
    input wire clk,
    input wire reset,
    input wire valid,
    input wire [CELLS-1:0] state,
    input wire [CLASS_BITS-1:0] winner,
    input wire [CHARGE_BITS-1:0] charge,
    input wire [CELLS*32-1:0] candidate,
    input wire [CLASSES*32-1:0] out,
    input wire [FEATURES*FEATURE_BITS-1:0] feature,
    input wire [31:0] frame
);
  // In bits: cycle, charge, frame; candidates; outputs; decision; features; states.
  localparam int CANDIDATE_AT = 64 + 64 + 32;
  localparam int OUTPUT_AT = CANDIDATE_AT + CELLS * 32;
  localparam int DECISION_AT = OUTPUT_AT + CLASSES * 32;
  localparam int FEATURE_AT = DECISION_AT + 16;
  localparam int STATE_AT = FEATURE_AT + FEATURES * 16;
  localparam int FIELDS = STATE_AT + CELLS * 16;
  localparam int RECORD = FIELDS + FIELDS % 32;

  string directory;
  bit tracing = 0;
  int file;
  initial
    if ($value$plusargs("remora_trace=%s", directory)) begin
      tracing = 1;
      file = $fopen({directory, "/frame.bin"}, "wb");
      if (file == 0) $fatal(1, "cannot write a trace into %s", directory);
    end
  final if (tracing) $fclose(file);

  longint unsigned cycle = 0;
  logic powered_up = 0;  // the first reset has come: what random values did before is no frame
  logic [RECORD-1:0] record;
  always @(posedge clk) begin
    cycle <= cycle + 1;
    if (reset) powered_up <= 1;
    if (tracing && powered_up && valid) begin
      record = 0;
      record[63:0] = cycle;
      record[127:64] = 64'(charge);
      record[159:128] = frame;
      record[CANDIDATE_AT+:CELLS*32] = candidate;
      record[OUTPUT_AT+:CLASSES*32] = out;
      record[DECISION_AT+:16] = 16'(winner);
      for (int i = 0; i < FEATURES; i++)
        record[FEATURE_AT+i*16+:16] = 16'($signed(feature[i*FEATURE_BITS+:FEATURE_BITS]));
      for (int i = 0; i < CELLS; i++) record[STATE_AT+i*16+:16] = 16'(state[i]);
      $fwrite(file, "%u", record);
    end
  end
endmodule

bind remora_bmru_core remora_bmru_monitor #(
    .FEATURES(FEATURES),
    .CELLS(BLOCKS * WIDTH),
    .CLASSES(CLASSES),
    .CLASS_BITS(CLASS_BITS),
    .FEATURE_BITS(FEATURE_BITS),
    .CHARGE_BITS(CHARGE_BITS)
) monitor (
    .clk(clk),
    .reset(reset),
    .valid(valid),
    .state(state),
    .winner(winner),
    .charge(charge),
    .candidate(sampled_candidate),
    .out(sampled_output),
    .feature(sampled_feature),
    .frame(sampled_frame)
);

`default_nettype wire

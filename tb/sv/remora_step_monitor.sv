// Trace monitor of steps with MiRU cells: writes the records of kind `step`, when a step's last state is written.
`timescale 1ns / 1ps
`default_nettype none

// Records of large designs are wider than what Verilator takes for a slip of the pen.
// verilator lint_off WIDTHCONCAT
module remora_step_monitor
  import remora_trace::*;
(
    input wire clk,
    input wire reset,
    input wire [STEP_BITS-1:0] step,
    input wire [CONTEXT_INDEX_BITS-1:0] context_index,
    input wire [PLANE_BITS-1:0] plane,
    input wire integrate_hidden,
    input wire [WL_POS_BITS-1:0] wl_pos,
    input wire [WL_NEG_BITS-1:0] wl_neg,
    input wire issue,
    input wire [HIDDEN_CODES_BITS-1:0] hidden_codes,
    input wire commit,
    input wire [COMMIT_FOLD_BITS-1:0] commit_fold,
    input wire [COMMIT_CODE_BITS-1:0] commit_code,
    input wire [CANDIDATE_BITS-1:0] candidate,
    input wire [STATE_BITS-1:0] state,
    input wire step_done
);
  localparam int CODE_BITS = HIDDEN_CODES_BITS / STEP_CODES;
  localparam int LANES = COMMIT_CODE_BITS / CODE_BITS;
  localparam int LANE_BITS = STATE_BITS / LANES;
  // No field ever holds this, so one that was not written anew cannot pass for what it was in the record before.
  localparam logic [15:0] STALE = 16'h8000;

  wire tracing, live;
  wire [63:0] cycle;
  wire [31:0] sequence_number;
  remora_trace_head head (
      .clk(clk), .reset(reset), .started(integrate_hidden && plane == 0 && step == 0),
      .cycle(cycle), .sequence_number(sequence_number), .live(live)
  );
  remora_trace_file #(.KIND("step"), .BITS($bits(step_t)), .PADDED(STEP_PADDED)) writer (.tracing(tracing));
  remora_streamed_words #(.ROWS(STEP_WORDS), .PLANE_BITS(PLANE_BITS)) streamed ();

  step_t record;
  logic converted = 0;  // this step's codes are in the record

  function automatic void take_codes();
    for (int k = 0; k < STEP_CODES; k++) record.codes[k] = 16'($signed(hidden_codes[k*CODE_BITS+:CODE_BITS]));
  endfunction

  function automatic void take_fold();
    for (int k = 0; k < LANES; k++) begin
      int unit;
      unit = int'(commit_fold) * LANES + k;
      if (unit < STEP_STATE) begin
        record.code[unit] = 16'($signed(commit_code[k*CODE_BITS+:CODE_BITS]));
        record.candidate[unit] = 16'($signed(candidate[k*LANE_BITS+:LANE_BITS]));
        record.state[unit] = 16'($signed(state[k*LANE_BITS+:LANE_BITS]));
      end
    end
  endfunction

  function automatic void write_step();
    record.cycle = cycle;
    record.sequence_ = sequence_number;
    record.context_ = 16'(context_index);
    record.step = 16'(step);
    for (int i = 0; i < STEP_WORDS; i++) record.words[i] = streamed.words[i];
    writer.write(record);
    record = {($bits(step_t) / 16) {STALE}};
  endfunction

  always @(posedge clk)
    if (reset) converted <= 0;
    else if (tracing && live) begin
      if (integrate_hidden) streamed.add(plane, wl_pos, wl_neg);
      if (issue && !converted) take_codes();
      if (issue) converted <= 1;
      if (commit) take_fold();
      if (step_done) begin
        write_step();
        converted <= 0;
      end
    end
endmodule

`default_nettype wire

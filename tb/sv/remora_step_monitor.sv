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
    input wire taken,
    input wire [CONTEXT_INDEX_BITS-1:0] taken_context,
    input wire restarted,
    input wire [PLANE_BITS-1:0] plane,
    input wire integrate_hidden,
    input wire [WL_POS_BITS-1:0] wl_pos,
    input wire [WL_NEG_BITS-1:0] wl_neg,
    input wire issue,
    input wire [ISSUE_FOLD_BITS-1:0] issue_fold,
    input wire [HIDDEN_CODES_BITS-1:0] hidden_codes,
    input wire commit,
    input wire [COMMIT_FOLD_BITS-1:0] commit_fold,
    input wire [COMMIT_CODE_BITS-1:0] commit_code,
    input wire [CANDIDATE_BITS-1:0] candidate,
    input wire [STATE_BITS-1:0] state,
    input wire step_done,
    input wire [CONTEXT_INDEX_BITS-1:0] done_context
);
  localparam int CODE_BITS = HIDDEN_CODES_BITS / STEP_CODES;
  localparam int LANES = COMMIT_CODE_BITS / CODE_BITS;
  localparam int LANE_BITS = STATE_BITS / LANES;
  // No field ever holds this, so one that was not written anew cannot pass for what it was in the record before.
  localparam logic [15:0] STALE = 16'h8000;

  wire tracing, live;
  wire [63:0] cycle;
  remora_trace_head head (
      .clk(clk), .reset(reset), .taken(taken), .taken_context(taken_context), .restarted(restarted),
      .started(integrate_hidden && plane == 0),
      .context_index(context_index), .step(16'(step)), .cycle(cycle), .live(live)
  );
  remora_trace_file #(.KIND("step"), .BITS($bits(step_t)), .PADDED(STEP_PADDED)) writer (.tracing(tracing));
  remora_streamed_words #(.ROWS(STEP_WORDS), .PLANE_BITS(PLANE_BITS)) streamed ();

  // Of the record, until the step is done.
  logic [STEP_CODES-1:0][15:0] codes;
  logic [STEP_STATE-1:0][15:0] code_of, candidate_of, state_of;
  // Steps of several contexts are under way at once: words wait for the step's end, and codes for its first states.
  shortint words_of[CONTEXTS][STEP_WORDS];
  logic [HIDDEN_CODES_BITS-1:0] issued_codes;
  logic issuing = 0;

  task automatic keep_words();
    for (int i = 0; i < STEP_WORDS; i++) words_of[context_index][i] = streamed.words[i];
  endtask

  task automatic take_codes();
    for (int k = 0; k < STEP_CODES; k++) codes[k] = 16'($signed(issued_codes[k*CODE_BITS+:CODE_BITS]));
  endtask

  task automatic take_fold();
    for (int k = 0; k < LANES; k++) begin
      int unit;
      unit = int'(commit_fold) * LANES + k;
      if (unit < STEP_STATE) begin
        code_of[unit] = 16'($signed(commit_code[k*CODE_BITS+:CODE_BITS]));
        candidate_of[unit] = 16'($signed(candidate[k*LANE_BITS+:LANE_BITS]));
        state_of[unit] = 16'($signed(state[k*LANE_BITS+:LANE_BITS]));
      end
    end
  endtask

  task automatic write_step();
    step_t record;
    logic [STEP_WORDS-1:0][15:0] words;
    record = '0;
    record.cycle = cycle;
    record.sequence_ = head.sequence_of[done_context];
    record.context_ = 16'(done_context);
    record.step = head.step_of[done_context];
    for (int i = 0; i < STEP_WORDS; i++) words[i] = words_of[done_context][i];
    record.words = words;
    record.codes = codes;
    record.code = code_of;
    record.candidate = candidate_of;
    record.state = state_of;
    writer.write(record);
    codes = {STEP_CODES{STALE}};
    code_of = {STEP_STATE{STALE}};
    candidate_of = {STEP_STATE{STALE}};
    state_of = {STEP_STATE{STALE}};
  endtask

  // The record of a step is written before anything of the next one goes into it.
  always @(posedge clk)
    if (reset) issuing <= 0;
    else if (tracing && live) begin
      if (integrate_hidden) streamed.add(plane, wl_pos, wl_neg);
      if (integrate_hidden && plane == PLANE_BITS'(STREAM_BITS - 1)) keep_words();
      if (step_done) write_step();
      if (commit && commit_fold == 0) take_codes();
      if (commit) take_fold();
      // With the first fold, before another conversion ends.
      if (issue && !issuing) issued_codes <= hidden_codes;
      issuing <= issue && int'(issue_fold) != FOLDS - 1;
    end
endmodule

`default_nettype wire

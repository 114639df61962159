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

  step_t record;
  // Steps of several contexts are under way at once: words wait for the step's end, and codes for its first states.
  shortint words_of[CONTEXTS][STEP_WORDS];
  logic [HIDDEN_CODES_BITS-1:0] issued_codes;
  logic issuing = 0;

  function automatic void keep_words();
    for (int i = 0; i < STEP_WORDS; i++) words_of[context_index][i] = streamed.words[i];
  endfunction

  function automatic void take_codes();
    for (int k = 0; k < STEP_CODES; k++) record.codes[k] = 16'($signed(issued_codes[k*CODE_BITS+:CODE_BITS]));
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
    record.sequence_ = head.sequence_of[done_context];
    record.context_ = 16'(done_context);
    record.step = head.step_of[done_context];
    for (int i = 0; i < STEP_WORDS; i++) record.words[i] = words_of[done_context][i];
    writer.write(record);
    record = {($bits(step_t) / 16) {STALE}};
  endfunction

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

// Trace monitor of readouts and events: writes the records of kinds `readout` and `event`, so that no Python runs cycle by
// cycle.
`timescale 1ns / 1ps
`default_nettype none

// Records of large designs are wider than what Verilator takes for a slip of the pen.
// verilator lint_off WIDTHCONCAT
module remora_monitor
  import remora_trace::*;
(
    input wire clk,
    input wire aresetn,
    input wire reset,
    input wire [STEP_BITS-1:0] step,
    input wire [CONTEXT_INDEX_BITS-1:0] context_index,
    input wire taken,
    input wire [CONTEXT_INDEX_BITS-1:0] taken_context,
    input wire restarted,
    input wire [PLANE_BITS-1:0] plane,
    input wire integrate_hidden,
    input wire integrate_readout,
    input wire [PLANE_BITS-1:0] readout_plane,
    input wire [READOUT_WL_POS_BITS-1:0] readout_wl_pos,
    input wire [READOUT_WL_NEG_BITS-1:0] readout_wl_neg,
    input wire [READOUT_CODES_BITS-1:0] readout_codes,
    input wire deciding,
    input wire concluded,
    input wire [CONTEXT_INDEX_BITS-1:0] concluded_context,
    input wire [SCORES_BITS-1:0] scores,
    input wire [DECISION_BITS-1:0] decision,
    input wire [TAG_BITS-1:0] tag,
    input wire [DROPPED_BITS-1:0] dropped
);
  localparam int CODE_BITS = READOUT_CODES_BITS / READOUT_CODES;
  localparam int SCORE_BITS = SCORES_BITS / READOUT_SCORES;

  wire tracing, live, tracing_events;
  wire [63:0] cycle;
  remora_trace_head head (
      .clk(clk), .reset(reset), .taken(taken), .taken_context(taken_context), .restarted(restarted),
      .started(integrate_hidden && plane == 0),
      .context_index(context_index), .step(16'(step)), .cycle(cycle), .live(live)
  );
  remora_trace_file #(.KIND("readout"), .BITS($bits(readout_t)), .PADDED(READOUT_PADDED)) readouts (.tracing(tracing));
  remora_trace_file #(.KIND("event"), .BITS($bits(event_t)), .PADDED(EVENT_PADDED)) events (.tracing(tracing_events));
  remora_streamed_words #(.ROWS(READOUT_WORDS), .PLANE_BITS(PLANE_BITS)) streamed ();
  logic was_reset = 1;

  // With a readout at every step several are under way at once: words wait for the decision, and its codes are there when
  // it starts. Readouts of a context are numbered as they come.
  localparam int UNDER_WAY = 4;
  shortint words_of[UNDER_WAY][READOUT_WORDS];
  int unsigned gathered = 0, decided = 0;
  logic [READOUT_CODES_BITS-1:0] decided_codes;
  shortint unsigned readouts_of[CONTEXTS];

  task automatic keep_words();
    for (int i = 0; i < READOUT_WORDS; i++) words_of[gathered%UNDER_WAY][i] = streamed.words[i];
    gathered = gathered + 1;
  endtask

  task automatic follow_steps();
    if (reset) begin
      gathered = 0;
      decided = 0;
    end else begin
      if (concluded) begin
        decided = decided + 1;
        readouts_of[concluded_context] <= readouts_of[concluded_context] + 1;
      end
      if (deciding) decided_codes <= readout_codes;
      if (taken) readouts_of[taken_context] <= 0;
      if (restarted) readouts_of[0] <= 0;
      if (integrate_readout && int'(readout_plane) == READOUT_PLANES - 1) keep_words();
    end
  endtask

  task automatic write_readout();
    readout_t record;
    logic [READOUT_CODES_BITS-1:0] read;
    logic [READOUT_WORDS-1:0][15:0] words;
    logic [READOUT_CODES-1:0][15:0] codes;
    logic [READOUT_SCORES-1:0][15:0] read_scores;
    read = EVERY_STEP != 0 ? decided_codes : readout_codes;
    record = '0;
    record.cycle = cycle;
    record.sequence_ = head.sequence_of[concluded_context];
    record.context_ = 16'(concluded_context);
    record.step = EVERY_STEP != 0 ? readouts_of[concluded_context] : head.step_of[concluded_context];
    record.tag = 16'(tag);
    record.decision = 16'(decision);
    for (int i = 0; i < READOUT_WORDS; i++)
      words[i] = EVERY_STEP != 0 ? words_of[decided%UNDER_WAY][i] : streamed.words[i];
    for (int k = 0; k < READOUT_CODES; k++) codes[k] = 16'($signed(read[k*CODE_BITS+:CODE_BITS]));
    for (int k = 0; k < READOUT_SCORES; k++) read_scores[k] = 16'($signed(scores[k*SCORE_BITS+:SCORE_BITS]));
    record.words = words;
    record.codes = codes;
    record.scores = read_scores;
    readouts.write(record);
  endtask

  task automatic write_event(input int kind, input int cause);
    event_t record;
    record = '0;
    record.cycle = cycle;
    record.kind = 16'(kind);
    record.cause = 16'(cause);
    events.write(record);
  endtask

  always @(posedge clk) begin
    was_reset <= reset;
    if (tracing && live) begin
      if (reset && !was_reset) write_event(EVENT_RESET, aresetn ? 1 : 0);
      if (!reset) begin
        if (integrate_readout) streamed.add(readout_plane, readout_wl_pos, readout_wl_neg);
        if (concluded) write_readout();
        for (int i = 0; i < DROPPED_BITS; i++) if (dropped[i]) write_event(EVENT_DROP, i);
      end
      if (EVERY_STEP != 0) follow_steps();
    end
  end
endmodule

`default_nettype wire

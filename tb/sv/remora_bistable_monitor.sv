// Trace monitor of steps with bistable cells: writes the records of kind `step`, once the cells have settled and show what
// became of them; not if a reset comes before. The cells see the currents two cycles after `step_done`, the strobe of the
// sample.
`timescale 1ns / 1ps
`default_nettype none

// Records of large designs are wider than what Verilator takes for a slip of the pen.
// verilator lint_off WIDTHCONCAT
module remora_bistable_monitor
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
    input wire step_done,
    input wire [CURRENT_BITS-1:0] current,
    input wire [CELL_STATE_BITS-1:0] cell_state
);
  localparam int SUM_BITS = CURRENT_BITS / (ROW_TILES * STEP_SUMS);

  wire tracing, live;
  wire [63:0] cycle;
  remora_trace_head head (
      .clk(clk), .reset(reset), .taken(taken), .taken_context(taken_context), .restarted(restarted),
      .started(integrate_hidden && plane == 0),
      .context_index(context_index), .step(16'(step)), .cycle(cycle), .live(live)
  );
  remora_trace_file #(.KIND("step"), .BITS($bits(step_t)), .PADDED(STEP_PADDED)) writer (.tracing(tracing));
  remora_streamed_words #(.ROWS(STEP_WORDS), .PLANE_BITS(PLANE_BITS)) streamed ();

  // Of the sample, until the cells see it.
  longint unsigned cycle_of;
  int unsigned sequence_of;
  shortint unsigned step_of;
  logic [STEP_WORDS-1:0][15:0] words_of;
  step_t record;
  logic sampled = 0;
  logic settling = 0;  // the cells see the currents
  logic settled = 0;  // the record waits for the states

  task automatic take_step();
    cycle_of = cycle;
    sequence_of = head.sequence_of[0];  // a cell holds one state
    step_of = head.step_of[0];
    for (int i = 0; i < STEP_WORDS; i++) words_of[i] = streamed.words[i];
  endtask

  task automatic take_sums();
    logic [STEP_SUMS-1:0][31:0] sums;
    record = '0;
    record.cycle = cycle_of;
    record.sequence_ = sequence_of;
    record.context_ = 0;
    record.step = step_of;
    record.words = words_of;
    for (int j = 0; j < STEP_SUMS; j++) begin
      longint sum;
      sum = 0;
      for (int tile = 0; tile < ROW_TILES; tile++)
        sum = sum + longint'($signed(current[(tile*STEP_SUMS+j)*SUM_BITS+:SUM_BITS]));
      sums[j] = 32'(sum >>> FRACTION_BITS);
    end
    record.sums = sums;
  endtask

  task automatic write_step();
    logic [STEP_STATE-1:0][15:0] states;
    for (int j = 0; j < STEP_STATE; j++) states[j] = 16'(cell_state[j]);
    record.state = states;
    writer.write(record);
  endtask

  always @(posedge clk) begin
    sampled <= 0;
    settling <= 0;
    settled <= 0;
    if (!reset && tracing && live) begin
      if (settled) write_step();
      if (settling) take_sums();
      if (step_done) take_step();
      if (integrate_hidden) streamed.add(plane, wl_pos, wl_neg);
      sampled <= step_done;
      settling <= sampled;
      settled <= settling;
    end
  end
endmodule

`default_nettype wire

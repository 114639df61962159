// Trace monitor of the reservoir: writes the records of kind `insert`. What was stored is taken from what goes to the write
// ports of the memories.
`timescale 1ns / 1ps
`default_nettype none

// Records of large designs are wider than what Verilator takes for a slip of the pen.
// verilator lint_off WIDTHCONCAT
module remora_insert_monitor
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
    input wire engine_reset,
    input wire [PRESENTED_BITS-1:0] presented,
    input wire [SLOT_BITS-1:0] slot,
    input wire inserted,
    input wire accepted,
    input wire store_step,
    input wire [STEP_ADDRESS_BITS-1:0] step_address,
    input wire [STEP_WORD_BITS-1:0] step_word,
    input wire store_head,
    input wire [HEAD_ADDRESS_BITS-1:0] head_address,
    input wire [HEAD_WORD_BITS-1:0] head_word
);
  localparam int FEATURE_BITS = STEP_WORD_BITS / FEATURES;

  wire tracing, live;
  wire [63:0] cycle;
  // A soft reset waits for what learns, and takes effect in the very cycle in which that ends.
  remora_trace_head head (
      .clk(clk), .reset(reset || engine_reset), .taken(taken), .taken_context(taken_context), .restarted(restarted),
      .started(integrate_hidden && plane == 0),
      .context_index(context_index), .step(16'(step)), .cycle(cycle), .live(live)
  );
  remora_trace_file #(.KIND("insert"), .BITS($bits(insert_t)), .PADDED(INSERT_PADDED)) writer (.tracing(tracing));
  int unsigned stored_sum = 0;

  // Where a word really goes counts, not where it should.
  task automatic add_step();
    int stored_step;
    stored_step = int'(step_address) - int'(slot) * MAX_STEPS;
    for (int i = 0; i < FEATURES; i++)
      stored_sum = stored_sum + 32'(step_word[i*FEATURE_BITS+:FEATURE_BITS]) * (2 * (stored_step * FEATURES + i) + 1);
  endtask

  task automatic write_insert();
    insert_t record;
    record = '0;
    record.cycle = cycle;
    record.sequence_ = head.sequence_of[0];  // what learns is alone, in the lowest context
    record.context_ = 0;
    record.presented = 32'(presented);
    record.stored_sum = stored_sum;
    record.slot = NO_SLOT;
    if (accepted && store_head) begin
      record.slot = 32'(head_address);
      record.label = 16'(head_word[HEAD_LABEL_BITS-1:0]);
      record.steps = 16'(head_word[HEAD_WORD_BITS-1:HEAD_LABEL_BITS]);
    end
    writer.write(record);
  endtask

  always @(posedge clk)
    if (engine_reset) stored_sum = 0;
    else if (tracing && live) begin
      if (store_step) add_step();
      if (inserted) begin
        write_insert();
        stored_sum = 0;
      end
    end
endmodule

`default_nettype wire

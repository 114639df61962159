// Trace monitor of learning: writes the records of kind `learn`.
//
// The sums are taken over what the lanes hold when the gradients of a fold of a group of columns are complete, and over
// the accumulators as they are stored, all of a sequence. An update that is cut short leaves no record.
`timescale 1ns / 1ps
`default_nettype none

// Records of large designs are wider than what Verilator takes for a slip of the pen.
// verilator lint_off WIDTHCONCAT
module remora_learn_monitor
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
    input wire begun,
    input wire [BEGUN_COLUMN_BITS-1:0] begun_column,
    input wire [FEEDBACK_BITS-1:0] feedback,
    input wire captured,
    input wire [CAPTURED_COLUMN_BITS-1:0] captured_column,
    input wire [CAPTURED_FOLD_BITS-1:0] captured_fold,
    input wire [CAPTURED_LEARNS_BITS-1:0] captured_learns,
    input wire [GRADIENTS_BITS-1:0] gradients,
    input wire updated,
    input wire [UPDATED_COLUMN_BITS-1:0] updated_column,
    input wire [UPDATED_FOLD_BITS-1:0] updated_fold,
    input wire [UPDATED_LANE_BITS-1:0] updated_lane,
    input wire [ACCUMULATORS_BITS-1:0] accumulators,
    input wire [ERROR_BITS-1:0] error,
    input wire [APPLIED_BITS-1:0] applied,
    input wire [PULSES_DROPPED_BITS-1:0] pulses_dropped,
    input wire ended,
    input wire learned,
    input wire [LABEL_BITS-1:0] label,
    input wire replaying,
    input wire [SLOT_BITS-1:0] slot
);
  localparam int GRADIENT_BITS = GRADIENTS_BITS / LEARNING_LANES / LEARNING_COLUMNS;
  localparam int ACCUMULATOR_BITS = ACCUMULATORS_BITS / ROUNDED_ROWS;
  localparam int COLUMN_FEEDBACK_BITS = FEEDBACK_BITS / LEARNING_COLUMNS;
  localparam int CLASS_ERROR_BITS = ERROR_BITS / LEARN_ERROR;

  wire tracing, live;
  wire [63:0] cycle;
  // A soft reset waits for what learns, and takes effect in the very cycle in which that ends.
  remora_trace_head head (
      .clk(clk), .reset(reset || engine_reset), .taken(taken), .taken_context(taken_context), .restarted(restarted),
      .started(integrate_hidden && plane == 0),
      .context_index(context_index), .step(16'(step)), .cycle(cycle), .live(live)
  );
  remora_trace_file #(.KIND("learn"), .BITS($bits(learn_t)), .PADDED(LEARN_PADDED)) writer (.tracing(tracing));

  logic [LEARN_FEEDBACK-1:0][31:0] kept_feedback;  // of the record, until the sequence is learnt
  int unsigned gradient_sum = 0;
  int unsigned accumulator_sum = 0;
  int unsigned applied_sum = 0;
  int unsigned dropped_sum = 0;

  // Position-weighted, with odd weights: a single wrong value always shows, and so do values in each other's place.
  function automatic int weight_of(input int column, input int row);
    return 2 * (column * STEP_WORDS + row) + 1;
  endfunction

  task automatic add_gradients();
    for (int c = 0; c < LEARNING_COLUMNS; c++)
      if (captured_learns[c])
        for (int i = 0; i < LEARNING_LANES; i++)
          gradient_sum = gradient_sum
              + int'($signed(gradients[(c*LEARNING_LANES+i)*GRADIENT_BITS+:GRADIENT_BITS]))
              * weight_of(int'(captured_column) + c, int'(captured_fold) * LEARNING_LANES + i);
  endtask

  // Beyond the lanes of a fold there is no weight.
  task automatic add_accumulators();
    for (int i = 0; i < ROUNDED_ROWS; i++)
      if (int'(updated_lane) + i < LEARNING_LANES)
        accumulator_sum = accumulator_sum
            + int'($signed(accumulators[i*ACCUMULATOR_BITS+:ACCUMULATOR_BITS]))
            * weight_of(int'(updated_column), int'(updated_fold) * LEARNING_LANES + int'(updated_lane) + i);
  endtask

  task automatic keep_feedback();
    for (int c = 0; c < LEARNING_COLUMNS; c++)
      if (int'(begun_column) + c < LEARN_FEEDBACK)
        kept_feedback[int'(begun_column)+c] = 32'($signed(feedback[c*COLUMN_FEEDBACK_BITS+:COLUMN_FEEDBACK_BITS]));
  endtask

  task automatic clear();
    gradient_sum = 0;
    accumulator_sum = 0;
    applied_sum = 0;
    dropped_sum = 0;
  endtask

  task automatic write_learn();
    learn_t record;
    logic [LEARN_ERROR-1:0][15:0] errors;
    record = '0;
    record.cycle = cycle;
    record.sequence_ = head.sequence_of[0];  // what learns is alone, in the lowest context
    record.context_ = 0;
    record.label = 16'(label);
    record.gradient_sum = gradient_sum;
    record.accumulator_sum = accumulator_sum;
    record.applied = applied_sum;
    record.dropped = dropped_sum;
    record.slot = replaying ? 32'(slot) : NO_SLOT;
    for (int k = 0; k < LEARN_ERROR; k++)
      errors[k] = 16'($signed(error[k*CLASS_ERROR_BITS+:CLASS_ERROR_BITS]));
    record.feedback = kept_feedback;
    record.error = errors;
    writer.write(record);
  endtask

  always @(posedge clk)
    if (engine_reset) clear();
    else if (tracing && live) begin
      if (begun) keep_feedback();
      if (captured) add_gradients();
      if (updated) add_accumulators();
      applied_sum = applied_sum + 32'(applied);
      dropped_sum = dropped_sum + 32'(pulses_dropped);
      if (learned) write_learn();
      if (ended) clear();
    end
endmodule

`default_nettype wire

// Trace monitor of learning: writes the records of kind `learn` of spec/lib/trace.py, beside remora_monitor.sv and in
// its manner.
//
// The sums are taken over what the lanes hold when a fold of a column is written back, all of a sequence. An update that
// is cut short leaves no record.
`timescale 1ns / 1ps
`default_nettype none

module remora_learn_monitor #(
    parameter int ROWS = 1,
    parameter int LANES = 1,
    parameter int HIDDEN = 1,
    parameter int CLASSES = 1,
    parameter int STEP_BITS = 1,
    parameter int CONTEXT_BITS = 1,
    parameter int PLANE_BITS = 3,
    parameter int COLUMN_BITS = 1,
    parameter int FOLD_BITS = 1,
    parameter int GRADIENT_BITS = 1,
    parameter int ACCUMULATOR_BITS = 16,
    parameter int FEEDBACK_BITS = 1,
    parameter int ERROR_BITS = 9,
    parameter int PULSE_BITS = 1
) (
    input wire clk,
    input wire reset,
    input wire [STEP_BITS-1:0] step,
    input wire [CONTEXT_BITS-1:0] context_index,
    input wire [PLANE_BITS-1:0] plane,
    input wire integrate_hidden,
    input wire engine_reset,
    input wire update,
    input wire skipped,
    input wire [COLUMN_BITS-1:0] column,
    input wire [FOLD_BITS-1:0] fold_index,
    input wire [LANES*GRADIENT_BITS-1:0] gradients,
    input wire [LANES*ACCUMULATOR_BITS-1:0] accumulators,
    input wire [FEEDBACK_BITS-1:0] feedback,
    input wire [CLASSES*ERROR_BITS-1:0] error,
    input wire [PULSE_BITS-1:0] applied,
    input wire [PULSE_BITS-1:0] pulses_dropped,
    input wire ended,
    input wire learned,
    input wire [15:0] label,
    input wire replaying,
    input wire [31:0] slot
);
  // Fields of 16 bits: cycle 4, sequence 2, context, label, four sums and the slot of 2 each, then feedback and error.
  localparam int FEEDBACK_AT = 18;
  localparam int ERROR_AT = FEEDBACK_AT + 2 * HIDDEN;
  localparam int FIELDS = ERROR_AT + CLASSES;
  localparam int RECORD = FIELDS + FIELDS % 2;

  string directory;
  bit tracing = 0;
  int file;
  initial
    if ($value$plusargs("remora_trace=%s", directory)) begin
      tracing = 1;
      file = $fopen({directory, "/learn.bin"}, "wb");
      if (file == 0) $fatal(1, "cannot write a trace into %s", directory);
    end
  final if (tracing) $fclose(file);

  longint unsigned cycle = 0;
  int unsigned sequence_number = 32'hFFFF_FFFF;  // of the sequence in flight; the first is 0
  int unsigned gradient_sum = 0;
  int unsigned accumulator_sum = 0;
  int unsigned applied_sum = 0;
  int unsigned dropped_sum = 0;
  logic [RECORD*16-1:0] record;
  logic powered_up = 0;

  // Position-weighted, with odd weights: a single wrong value always shows, and so do values in each other's place.
  function automatic void add_fold();
    for (int i = 0; i < LANES; i++) begin
      int weight;
      weight = 2 * (int'(column) * ROWS + int'(fold_index) * LANES + i) + 1;
      gradient_sum = gradient_sum + int'($signed(gradients[i*GRADIENT_BITS+:GRADIENT_BITS])) * weight;
      accumulator_sum = accumulator_sum + int'($signed(accumulators[i*ACCUMULATOR_BITS+:ACCUMULATOR_BITS])) * weight;
    end
  endfunction

  function automatic void keep_feedback();
    if (int'(column) < HIDDEN) record[(FEEDBACK_AT+2*int'(column))*16+:32] = 32'($signed(feedback));
  endfunction

  function automatic void clear();
    gradient_sum = 0;
    accumulator_sum = 0;
    applied_sum = 0;
    dropped_sum = 0;
  endfunction

  function automatic void write_record();
    record[FEEDBACK_AT*16-1:0] = {
      replaying ? slot : 32'hFFFF_FFFF, dropped_sum, applied_sum, accumulator_sum, gradient_sum, label, 16'(context_index), sequence_number, cycle
    };
    if (RECORD > FIELDS) record[(RECORD-1)*16+:16] = 0;
    for (int k = 0; k < CLASSES; k++) record[(ERROR_AT+k)*16+:16] = 16'($signed(error[k*ERROR_BITS+:ERROR_BITS]));
    $fwrite(file, "%u", record);
  endfunction

  always @(posedge clk) begin
    cycle <= cycle + 1;
    // A soft reset waits for what learns, and takes effect in the very cycle in which that ends.
    if (engine_reset) begin
      powered_up <= 1;
      clear();
    end else if (tracing && powered_up) begin
      if (!reset && integrate_hidden && plane == 0 && step == 0) sequence_number = sequence_number + 1;
      if (update) add_fold();
      if (update || skipped) keep_feedback();
      applied_sum = applied_sum + 32'(applied);
      dropped_sum = dropped_sum + 32'(pulses_dropped);
      if (learned) write_record();
      if (ended) clear();
    end
  end
endmodule

`default_nettype wire

// Trace monitor of the reservoir: writes the records of kind `offer` of spec/lib/trace.py, beside
// remora_learn_monitor.sv and in its manner. What was kept is taken from what goes to the write ports of the memories.
`timescale 1ns / 1ps
`default_nettype none

module remora_offer_monitor #(
    parameter int FEATURES = 1,
    parameter int MAX_STEPS = 1,
    parameter int REPLAY_BITS = 4,
    parameter int LABEL_BITS = 1,
    parameter int HEAD_BITS = 2,
    parameter int SLOT_BITS = 1,
    parameter int ADDRESS_BITS = 1,
    parameter int STEP_BITS = 1,
    parameter int CONTEXT_BITS = 1,
    parameter int PLANE_BITS = 3
) (
    input wire clk,
    input wire reset,
    input wire [STEP_BITS-1:0] step,
    input wire [CONTEXT_BITS-1:0] context_index,
    input wire [PLANE_BITS-1:0] plane,
    input wire integrate_hidden,
    input wire engine_reset,
    input wire [31:0] presented,
    input wire [SLOT_BITS-1:0] slot,
    input wire offered,
    input wire kept,
    input wire store_step,
    input wire [ADDRESS_BITS-1:0] step_address,
    input wire [FEATURES*REPLAY_BITS-1:0] step_word,
    input wire store_head,
    input wire [SLOT_BITS-1:0] head_address,
    input wire [HEAD_BITS-1:0] head_word
);
  string directory;
  bit tracing = 0;
  int file;
  initial
    if ($value$plusargs("remora_trace=%s", directory)) begin
      tracing = 1;
      file = $fopen({directory, "/offer.bin"}, "wb");
      if (file == 0) $fatal(1, "cannot write a trace into %s", directory);
    end
  final if (tracing) $fclose(file);

  longint unsigned cycle = 0;
  int unsigned sequence_number = 32'hFFFF_FFFF;  // of the sequence in flight; the first is 0
  int unsigned stored_sum = 0;
  logic powered_up = 0;

  // Where a word really goes counts, not where it should.
  function automatic void add_step();
    int place;
    place = int'(step_address) - int'(slot) * MAX_STEPS;
    for (int i = 0; i < FEATURES; i++)
      stored_sum = stored_sum + 32'(step_word[i*REPLAY_BITS+:REPLAY_BITS]) * (2 * (place * FEATURES + i) + 1);
  endfunction

  function automatic void write_record();
    logic [15:0] label, steps;
    logic [31:0] place;
    label = 16'(head_word[LABEL_BITS-1:0]);
    steps = 16'(head_word[HEAD_BITS-1:LABEL_BITS]);
    place = 32'(head_address);
    if (!(kept && store_head)) begin
      label = 0;
      steps = 0;
      place = 32'hFFFF_FFFF;
    end
    $fwrite(file, "%u", {16'd0, steps, stored_sum, place, presented, label, 16'(context_index), sequence_number, cycle});
  endfunction

  always @(posedge clk) begin
    cycle <= cycle + 1;
    // A soft reset waits for what learns, and takes effect in the very cycle in which that ends.
    if (engine_reset) begin
      powered_up <= 1;
      stored_sum = 0;
    end else if (tracing && powered_up) begin
      if (!reset && integrate_hidden && plane == 0 && step == 0) sequence_number = sequence_number + 1;
      if (store_step) add_step();
      if (offered) begin
        write_record();
        stored_sum = 0;
      end
    end
  end
endmodule

`default_nettype wire

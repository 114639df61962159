// Trace monitor of bistable cells: writes the records of kind `step` of spec/lib/trace.py where the cells take the
// place of converters, beside remora_monitor.sv and in its manner.
//
// A record is written in the cycle after the cells settled, when they show what became of them; not if that is a reset.
`timescale 1ns / 1ps
`default_nettype none

module remora_bistable_monitor #(
    parameter int ROWS = 1,
    parameter int HIDDEN = 1,
    parameter int ROW_TILES = 1,
    parameter int CURRENT_BITS = 1,
    parameter int FRACTION_BITS = 0,
    parameter int STEP_BITS = 1,
    parameter int CONTEXT_BITS = 1,
    parameter int PLANE_BITS = 3
) (
    input wire clk,
    input wire reset,
    input wire [STEP_BITS-1:0] step,
    input wire [CONTEXT_BITS-1:0] context_index,
    input wire [PLANE_BITS-1:0] plane,
    input wire [ROWS-1:0] wl_pos,
    input wire [ROWS-1:0] wl_neg,
    input wire integrate_hidden,
    input wire step_done,
    input wire [ROW_TILES*HIDDEN*CURRENT_BITS-1:0] current,
    input wire [HIDDEN-1:0] cell_state
);
  // Fields of 16 bits: cycle 4, sequence 2, context, step, and then words, sums of 2 each, states.
  localparam int HEAD = 8;
  localparam int SUMS_AT = HEAD + ROWS;
  localparam int STATE_AT = SUMS_AT + 2 * HIDDEN;
  localparam int FIELDS = STATE_AT + HIDDEN;
  localparam int RECORD = FIELDS + FIELDS % 2;

  string directory;
  bit tracing = 0;
  int file;
  initial
    if ($value$plusargs("remora_trace=%s", directory)) begin
      tracing = 1;
      file = $fopen({directory, "/step.bin"}, "wb");
      if (file == 0) $fatal(1, "cannot write a trace into %s", directory);
    end
  final if (tracing) $fclose(file);

  longint unsigned cycle = 0;
  int unsigned sequence_number = 32'hFFFF_FFFF;  // of the sequence in flight; the first is 0
  shortint words[ROWS];
  logic [RECORD*16-1:0] record;
  logic settled = 0;  // the record waits for the states
  logic powered_up = 0;

  // Words are put together from what is really on the wordlines, plane by plane.
  function automatic void add_plane();
    for (int i = 0; i < ROWS; i++) begin
      shortint word;
      word = plane == 0 ? 0 : words[i];
      if (wl_pos[i]) word = word + (shortint'(1) << plane);
      if (wl_neg[i]) word = word - (shortint'(1) << plane);
      words[i] = word;
    end
  endfunction

  function automatic void take_step();
    record = '0;
    record[127:0] = {16'(step), 16'(context_index), sequence_number, cycle};
    for (int i = 0; i < ROWS; i++) record[(HEAD+i)*16+:16] = words[i];
    for (int j = 0; j < HIDDEN; j++) begin
      longint sum;
      sum = 0;
      for (int tile = 0; tile < ROW_TILES; tile++)
        sum = sum + longint'($signed(current[(tile*HIDDEN+j)*CURRENT_BITS+:CURRENT_BITS]));
      record[(SUMS_AT+2*j)*16+:32] = 32'(sum >>> FRACTION_BITS);
    end
  endfunction

  function automatic void write_step();
    for (int j = 0; j < HIDDEN; j++) record[(STATE_AT+j)*16+:16] = 16'(cell_state[j]);
    $fwrite(file, "%u", record);
  endfunction

  always @(posedge clk) begin
    cycle <= cycle + 1;
    settled <= 0;
    if (reset) powered_up <= 1;
    else if (tracing && powered_up) begin
      if (settled) write_step();
      if (integrate_hidden && plane == 0 && step == 0) sequence_number = sequence_number + 1;
      if (integrate_hidden) add_plane();
      if (step_done) take_step();
      settled <= step_done;
    end
  end
endmodule

`default_nettype wire

// Trace monitor of steps with bistable cells: writes the records of kind `step`, once the cells have settled and
// show what became of them; not if a reset comes before. The cells see the strobe of `step_done` a cycle later.
`timescale 1ns / 1ps
`default_nettype none

module remora_bistable_monitor
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
    input wire step_done,
    input wire [CURRENT_BITS-1:0] current,
    input wire [CELL_STATE_BITS-1:0] cell_state
);
  localparam int SUM_BITS = CURRENT_BITS / (ROW_TILES * STEP_SUMS);

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
  logic settling = 0;  // the cells see the currents
  logic settled = 0;  // the record waits for the states

  function automatic void take_step();
    record.cycle = cycle;
    record.sequence_ = sequence_number;
    record.context_ = 16'(context_index);
    record.step = 16'(step);
    for (int i = 0; i < STEP_WORDS; i++) record.words[i] = streamed.words[i];
  endfunction

  function automatic void take_sums();
    for (int j = 0; j < STEP_SUMS; j++) begin
      longint sum;
      sum = 0;
      for (int tile = 0; tile < ROW_TILES; tile++)
        sum = sum + longint'($signed(current[(tile*STEP_SUMS+j)*SUM_BITS+:SUM_BITS]));
      record.sums[j] = 32'(sum >>> FRACTION_BITS);
    end
  endfunction

  function automatic void write_step();
    for (int j = 0; j < STEP_STATE; j++) record.state[j] = 16'(cell_state[j]);
    writer.write(record);
  endfunction

  always @(posedge clk) begin
    settling <= 0;
    settled <= 0;
    if (!reset && tracing && live) begin
      if (settled) write_step();
      if (settling) take_sums();
      if (integrate_hidden) streamed.add(plane, wl_pos, wl_neg);
      if (step_done) take_step();
      settling <= step_done;
      settled <= settling;
    end
  end
endmodule

`default_nettype wire

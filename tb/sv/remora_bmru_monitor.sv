// Trace monitor of the BMRU core: writes the records of kind `frame`.
//
// It stands beside the core, and sees what the model of remora_bmru_core holds for it; a traced simulation has one core.
`timescale 1ns / 1ps
`default_nettype none

// Records of large designs are wider than what Verilator takes for a slip of the pen.
// verilator lint_off WIDTHCONCAT
module remora_bmru_monitor
  import remora_trace::*;
#(
    parameter int CLASS_BITS = 1,
    parameter int FEATURE_BITS = 10,
    parameter int CHARGE_BITS = 48
) (
    input wire clk,
    input wire reset,
    input wire valid,
    input wire [FRAME_STATE-1:0] state,
    input wire [CLASS_BITS-1:0] winner,
    input wire [CHARGE_BITS-1:0] charge,
    input wire [FRAME_CANDIDATE*32-1:0] candidate,
    input wire [FRAME_OUTPUT*32-1:0] out,
    input wire [FRAME_FEATURE*FEATURE_BITS-1:0] feature,
    input wire [31:0] frame
);
  wire tracing;
  remora_trace_file #(.KIND("frame"), .BITS($bits(frame_t)), .PADDED(FRAME_PADDED)) writer (.tracing(tracing));
  // Cycles go on while the core's clock stands, so they are counted in time: a period is the least from edge to edge,
  // which every reset shows.
  longint unsigned period = 0;
  longint unsigned edge_before = 0;
  logic powered_up = 0;  // the first reset has come: what random values did before is no frame

  task automatic write_frame();
    frame_t record;
    logic [FRAME_FEATURE-1:0][15:0] features;
    logic [FRAME_STATE-1:0][15:0] states;
    record = '0;
    record.cycle = period == 0 ? 0 : 64'($time) / period;
    record.charge = 64'(charge);
    record.frame = frame;
    record.candidate = candidate;
    record.output_ = out;
    record.decision = 16'(winner);
    for (int i = 0; i < FRAME_FEATURE; i++)
      features[i] = 16'($signed(feature[i*FEATURE_BITS+:FEATURE_BITS]));
    for (int i = 0; i < FRAME_STATE; i++) states[i] = 16'(state[i]);
    record.feature = features;
    record.state = states;
    writer.write(record);
  endtask

  always @(posedge clk) begin
    if (edge_before != 0 && (period == 0 || 64'($time) - edge_before < period)) period <= 64'($time) - edge_before;
    edge_before <= 64'($time);
    if (reset) powered_up <= 1;
    if (tracing && powered_up && valid) write_frame();
  end
endmodule

`default_nettype wire

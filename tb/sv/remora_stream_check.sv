// AXI4-Stream's promises of a sender, checked in every cycle: a beat once offered stays, unchanged, until it is taken, and
// nothing is offered in reset. Only the reset pin takes back what was offered; a soft reset must not. A bus agent that
// samples only whole transfers can see neither.
`timescale 1ns / 1ps
`default_nettype none

module remora_stream_check (
    input wire clk,
    input wire reset,
    input wire [31:0] tdata,
    input wire [3:0] tkeep,
    input wire tlast,
    input wire tvalid,
    input wire tready
);
  logic waiting = 0;  // a beat was on offer, and was not taken
  logic was_reset = 0;
  logic settled_in_reset = 0;  // at power-up the reset may arrive at the first edge only
  logic powered_up = 0;
  logic [36:0] offered;

  always @(posedge clk) begin
    waiting <= tvalid && !tready && !reset;
    was_reset <= reset;
    settled_in_reset <= reset && was_reset;
    if (reset) powered_up <= 1;
    offered <= {tdata, tkeep, tlast};
    if (powered_up) begin
      if (!reset && !was_reset && tvalid === 1'bx) $fatal(1, "m_axis: whether a beat is offered is unknown");
      if (!reset && tvalid && ^{tdata, tkeep, tlast} === 1'bx) $fatal(1, "m_axis: a beat holds an unknown value");
      if (settled_in_reset && tvalid) $fatal(1, "m_axis: valid in reset");
      if (waiting && !reset && !tvalid) $fatal(1, "m_axis: a beat was taken back");
      if (waiting && !reset && offered != {tdata, tkeep, tlast}) $fatal(1, "m_axis: a beat changed before it was taken");
    end
  end
endmodule

`default_nettype wire

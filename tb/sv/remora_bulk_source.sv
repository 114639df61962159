// Splits wide AXI4-Stream beats into the 32-bit beats of the design, one a cycle.
//
// An agent in Python costs a wake-up for every beat that it drives; at 32 bits that is most of a simulation's time. Bulk
// data therefore come from the agent in wide beats. Stalls and malformed packets use the 32-bit port, which passes
// through whenever no wide beat is in flight.
`timescale 1ns / 1ps
`default_nettype none

module remora_bulk_source #(
    parameter int BYTES = 32
) (
    input wire clk,
    input wire aresetn,
    // Wide, from the agent
    input wire [8*BYTES-1:0] wide_tdata,
    input wire [BYTES-1:0] wide_tkeep,
    input wire wide_tlast,
    input wire wide_tvalid,
    output wire wide_tready,
    // 32 bits, from the other agent
    input wire [31:0] narrow_tdata,
    input wire [3:0] narrow_tkeep,
    input wire narrow_tlast,
    input wire narrow_tvalid,
    output wire narrow_tready,
    // To the design
    output wire [31:0] tdata,
    output wire [3:0] tkeep,
    output wire tlast,
    output wire tvalid,
    input wire tready
);
  localparam int BEATS = BYTES / 4;

  logic [8*BYTES-1:0] data;
  logic [BYTES-1:0] keep;
  logic last;
  int left = 0;  // beats of 32 bits still to send
  logic powered_up = 0;  // the first reset has come: nothing is taken before

  wire bulk = left != 0;
  assign wide_tready = powered_up && (left == 0 || (left == 1 && tready));
  assign narrow_tready = tready && !bulk;
  assign tdata = bulk ? data[31:0] : narrow_tdata;
  assign tkeep = bulk ? keep[3:0] : narrow_tkeep;
  assign tlast = bulk ? last && left == 1 : narrow_tlast;
  assign tvalid = bulk || narrow_tvalid;

  function automatic int beats_of(input logic [BYTES-1:0] strobes);
    beats_of = 0;
    for (int i = 0; i < BEATS; i++) if (strobes[4*i+:4] != 0) beats_of = i + 1;
  endfunction

  always @(posedge clk) begin
    if (!aresetn) begin
      powered_up <= 1;
      left <= 0;
    end else if (wide_tvalid && wide_tready) begin
      data <= wide_tdata;
      keep <= wide_tkeep;
      last <= wide_tlast;
      left <= beats_of(wide_tkeep);
    end else if (bulk && tready) begin
      data <= data >> 32;
      keep <= keep >> 4;
      left <= left - 1;
    end
  end
endmodule

`default_nettype wire

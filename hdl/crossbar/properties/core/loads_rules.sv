// One threshold at a time is loaded into cells at the bitlines, and none while they settle. Where a proof is given that,
// only `kept` is made. The cells see a strobe a cycle later, and what is loaded at once.
`default_nettype none

module loads_rules #(
    parameter GIVEN = 0
) (
    input wire clk,
    input wire rst,
    input wire settle,
    input wire [1:0] loads,
    output wire kept
);
  reg was_settling = 0;
  always @(posedge clk) was_settling <= !rst && settle;

  wire one_holds = loads != 2'b11;
  wire apart_holds = loads == 0 || !was_settling;
  assign kept = one_holds && apart_holds;
  generate
    if (GIVEN == 0) begin : stated
      // Also in a reset.
      one: assert property (one_holds);
      reached_one: cover property (!rst && loads == 2'b10);
      apart: assert property (apart_holds);
      reached_apart: cover property (!rst && loads == 2'b01);
    end
  endgenerate
endmodule

`default_nettype wire

// Cells at the bitlines are asked for one thing at a time. Where a proof is given that, only `kept` is made. The cells
// see every strobe a cycle later.
`default_nettype none

module cells_rules #(
    parameter ALWAYS = 0,  // who asks is always at work: what is said of other times says nothing
    parameter GIVEN = 0
) (
    input wire clk,
    input wire rst,
    input wire active,  // whoever asks is at work
    input wire clear,
    input wire settle,
    output wire kept
);
  reg was_settling = 0;
  always @(posedge clk) was_settling <= !rst && settle;

  wire apart_holds = !clear || !settle;
  wire rests_holds = active || !(clear || settle);
  // Also in the cycle in which the cells settle, be it one of a reset.
  wire stays_holds = active || !was_settling;
  assign kept = stays_holds && (rst || (apart_holds && rests_holds));

  generate
    if (GIVEN == 0) begin : stated
      apart: assert property (rst || apart_holds);
      reached_apart: cover property (!rst && settle);
    end
    if (GIVEN == 0 && ALWAYS == 0) begin : rests_stated
      rests: assert property (rst || rests_holds);
      reached_rests: cover property (!rst && active && clear);
      stays: assert property (stays_holds);
      reached_stays: cover property (!rst && was_settling);
    end
  endgenerate
endmodule

`default_nettype wire

// Who programs a layer pulses what has been sensed, and nothing is read meanwhile. Where a proof is given that, only
// `kept` is made. The tiles see strobes and pulses a cycle later.
`default_nettype none

module program_rules #(
    parameter ROWS = 1,  // of a tile
    parameter WORDLINES = 1,
    parameter GIVEN = 0
) (
    input wire clk,
    input wire rst,
    input wire active,  // whoever programs is at work
    input wire gathers,  // an integrator of the layer holds something
    input wire drive,
    input wire integrate,
    input wire sample,
    input wire [WORDLINES-1:0] pos,
    input wire [WORDLINES-1:0] neg,
    input wire pulse,
    input wire [ROWS-1:0] up,
    input wire [ROWS-1:0] down,
    input wire busy,
    input wire sensed,
    output wire kept
);
  wire reads = integrate || sample;
  wire sensed_holds = !pulse || (active && sensed);
  wire one_way_holds = !pulse || (up & down) == 0;
  wire empty_holds = !pulse || !(gathers || reads);
  wire reads_holds = !reads || !busy;
  wire polarity_holds = !(drive || integrate) || (pos & neg) == 0;
  assign kept = rst || (sensed_holds && one_way_holds && empty_holds && reads_holds && polarity_holds);
  generate
    if (GIVEN == 0) begin : stated
      sensed_first: assert property (rst || sensed_holds);
      reached_sensed_first: cover property (!rst && pulse);
      one_way: assert property (rst || one_way_holds);
      reached_one_way: cover property (!rst && pulse && up != 0);
      empty: assert property (rst || empty_holds);
      reached_empty: cover property (!rst && pulse && down != 0);
      reads_apart: assert property (rst || reads_holds);
      reached_reads_apart: cover property (!rst && integrate);
      polarity: assert property (rst || polarity_holds);
      reached_polarity: cover property (!rst && integrate && pos != 0);
    end
  endgenerate
endmodule

`default_nettype wire

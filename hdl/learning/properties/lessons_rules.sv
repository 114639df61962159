// The sequencer lets the learning engine have the tiles from the start of an update to its end. It is at work meanwhile,
// as it is while it waits for the reservoir; all of that in the first cycle of a reset, too. Where a proof is given that,
// only `kept` is made.
`default_nettype none

module lessons_rules #(
    parameter REPLAYS = 0,
    parameter GIVEN = 0
) (
    input wire clk,
    input wire rst,
    input wire active,  // the sequencer is at work
    input wire start,  // an update begins
    input wire done,  // it ends
    input wire learning,  // the engine has the tiles
    input wire holding,  // a soft reset waits
    input wire asks,  // the reservoir is asked for something
    input wire answers,  // it has done it
    output wire awaited,  // it is at it
    output wire kept
);
  reg known = 0;  // there was a reset
  reg updating = 0, asked = 0;
  always @(posedge clk) begin
    known <= 1;
    updating <= !rst && (start || (updating && !done));
    asked <= !rst && (asks || (asked && !answers));
  end

  assign awaited = asked;

  wire one_holds = !start || !updating;
  wire same_holds = learning == updating;
  wire waits_holds = !(learning || asks || asked) ? active || !start : active && holding;
  wire turns_holds = !(asks || asked) || !(learning || start);
  assign kept = !known || (one_holds && same_holds && waits_holds && turns_holds);
  generate
    if (GIVEN == 0) begin : stated
      one: assert property (!known || one_holds);
      reached_one: cover property (!rst && start);
      same: assert property (!known || same_holds);
      reached_same: cover property (!rst && updating && done);
      waits: assert property (!known || waits_holds);
      reached_waits: cover property (!rst && learning);
    end
    if (GIVEN == 0 && REPLAYS != 0) begin : replays_stated
      turns: assert property (!known || turns_holds);
      reached_turns: cover property (!rst && asked);
    end
  endgenerate
endmodule

`default_nettype wire

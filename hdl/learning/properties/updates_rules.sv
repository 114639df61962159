// The learning engine pulses what has been sensed, from the start of an update to its end, and ends when the last pulse
// has, unless it was told that tiles do not answer. Where a proof is given that, only `kept` is made.
`default_nettype none

module updates_rules #(
    parameter ROWS = 2,  // of a tile of each layer
    parameter GIVEN = 0
) (
    input wire clk,
    input wire rst,
    input wire start,
    input wire done,
    input wire give_up,
    input wire [1:0] pulses,  // of both layers
    input wire [1:0] sensed,
    input wire [ROWS-1:0] up,
    input wire [ROWS-1:0] down,
    input wire busy,  // a tile is
    output wire working,  // an update is under way
    output wire kept
);
  reg updating = 0, given_up = 0;
  always @(posedge clk) begin
    updating <= !rst && (start || (updating && !done));
    given_up <= !rst && (give_up || (given_up && !start));
  end
  assign working = updating;

  wire at_work_holds = updating || !(done || pulses != 0);
  wire sensed_holds = (pulses & ~sensed) == 0;
  wire one_way_holds = pulses == 0 || (up & down) == 0;
  wire ended_holds = !done || given_up || give_up || !(busy || pulses != 0);
  assign kept = rst || (at_work_holds && sensed_holds && one_way_holds && ended_holds);
  generate
    if (GIVEN == 0) begin : stated
      at_work: assert property (rst || at_work_holds);
      reached_at_work: cover property (!rst && done);
      sensed_first: assert property (rst || sensed_holds);
      reached_sensed_first: cover property (!rst && pulses == 2'b01);
      one_way: assert property (rst || one_way_holds);
      reached_one_way: cover property (!rst && pulses == 2'b10 && up != 0);
      ended: assert property (rst || ended_holds);
      reached_ended: cover property (!rst && done && !given_up && !give_up);
    end
  endgenerate
endmodule

`default_nettype wire

// What the tiles of a layer tell, in a reset too, as those who read and program them rely on it. Where a proof is given
// that, only `kept` is made.
`default_nettype none

module tiles_rules #(
    parameter GIVEN = 0
) (
    input wire clk,
    input wire rst,
    input wire valid,
    input wire ends,  // a conversion may end in this cycle
    input wire must,  // and does
    input wire pulse,
    input wire busy,
    input wire sensed,
    input wire waits,  // a pulse lasts
    input wire recovering,
    output wire kept
);
  reg known = 0;  // there was a reset
  reg was_reset = 1, was_held = 1, was_pulse = 0, was_waiting = 0;
  always @(posedge clk) begin
    known       <= 1;
    was_reset   <= rst;
    was_held    <= rst || was_reset;  // the tiles are in reset for a cycle more
    was_pulse   <= !rst && pulse;
    was_waiting <= waits;
  end

  wire valid_holds = (!valid || ends) && (!must || valid);
  // A pulse that a reset has left under way goes on.
  wire lasts_holds = !waits || was_waiting || was_pulse || was_held;
  wire busy_holds = busy == (waits || recovering || was_reset);
  wire sensed_holds = !sensed || !waits;
  assign kept = (rst || valid_holds) && (!known || (lasts_holds && busy_holds && sensed_holds));
  generate
    if (GIVEN == 0) begin : stated
      in_time: assert property (rst || valid_holds);
      reached_in_time: cover property (!rst && valid);
      lasts: assert property (!known || lasts_holds);
      reached_lasts: cover property (!rst && waits && was_waiting);
      told: assert property (!known || busy_holds);
      reached_told: cover property (!rst && busy && !recovering);
      sensed_last: assert property (!known || sensed_holds);
      reached_sensed_last: cover property (!rst && sensed);
    end
  endgenerate
endmodule

`default_nettype wire

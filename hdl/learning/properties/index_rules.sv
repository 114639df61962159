// An index is below its bound, and comes once for each draw: seen for a bound that stays, as the unit asks.
`default_nettype none

module index_rules (
    input wire clk,
    input wire rst,
    input wire start,
    input wire [31:0] bound,
    input wire done,
    input wire [31:0] index,
    output wire legal
);
  reg busy = 0;
  reg [31:0] before;
  reg held = 0;
  // One draw at a time.
  assign legal = bound != 0 && (!start || !busy);
  always @(posedge clk) begin
    busy   <= !rst && (start || (busy && !done));
    held   <= !rst && !start && (done || held);
    before <= index;
  end

  below: assert property (rst || !done || index < bound);
  reached_below: cover property (!rst && done && bound > 1 && index != 0);
  asked: assert property (rst || !done || busy);
  reached_asked: cover property (!rst && done && bound == 1);
  holds: assert property (rst || !held || index == before);
  reached_holds: cover property (!rst && held && start && index != 0);
endmodule

`default_nettype wire

// An index is below its bound, and comes: seen for a bound that stays, as the unit asks.
`default_nettype none

module index_rules #(
    parameter MOST_CYCLES = 64
) (
    input wire clk,
    input wire rst,
    input wire start,
    input wire [31:0] bound,
    input wire done,
    input wire [31:0] index,
    output wire legal
);
  reg busy = 0;
  reg [15:0] cycles = 0;
  reg [31:0] before;
  reg held = 0;
  // One draw at a time.
  assign legal = bound != 0 && (!start || !busy);
  always @(posedge clk) begin
    busy   <= !rst && (start || (busy && !done));
    cycles <= rst || start ? 0 : cycles + busy;
    held   <= !rst && !start && (done || held);
    before <= index;
  end

  below: assert property (rst || !done || index < bound);
  reached_below: cover property (!rst && done && bound > 1 && index != 0);
  asked: assert property (rst || !done || busy);
  reached_asked: cover property (!rst && done && bound == 1);
  holds: assert property (rst || !held || index == before);
  reached_holds: cover property (!rst && held && start && index != 0);
  comes: assert property (rst || !busy || cycles <= MOST_CYCLES);
  reached_comes: cover property (!rst && busy && cycles == 8);
endmodule

`default_nettype wire

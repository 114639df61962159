// A counter stays below its limit, and moves by one.
`default_nettype none

module counter_rules #(
    parameter LIMIT = 5,
    parameter UNREACHED = 0
) (
    input wire clk,
    input wire rst,
    input wire [3:0] count
);
  below: assert property (rst || count < LIMIT);
  reached_below: cover property (!rst && count == LIMIT - 1 + UNREACHED);
  reg [3:0] before;
  reg known = 0;
  always @(posedge clk) begin
    before <= count;
    known  <= !rst;
  end
  moves: assert property (rst || !known || count == before || count == before + 4'd1 || count == 0);
  reached_moves: cover property (!rst && known && count == before + 4'd1);
endmodule

`default_nettype wire

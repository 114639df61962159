// A counter moves in a cycle at whose end its clock ticks, and stays in others.
`default_nettype none

module ticks_rules (
    input wire clk,
    input wire rst,
    input wire enable,
    input wire [3:0] count
);
  reg ticked = 0, known = 0;
  reg [3:0] before;
  always @(posedge clk) begin
    ticked <= enable;
    before <= count;
    known  <= !rst;
  end
  stands: assert property (!known || ticked || count == before);
  reached_stands: cover property (known && !ticked && count == 2);
  ticks: assert property (rst || !known || !ticked || count != before);
  reached_ticks: cover property (!rst && known && ticked && count == 3);
endmodule

`default_nettype wire

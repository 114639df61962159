// A number is below 5.
`default_nettype none

module below_rules (
    input wire clk,
    input wire rst,
    input wire [3:0] count
);
  below: assert property (rst || count < 5);
  reached_below: cover property (!rst && count == 4);
endmodule

`default_nettype wire

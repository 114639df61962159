// What is said holds in every cycle out of reset, and the situation that it speaks of comes about.
`default_nettype none

module fact_rules (
    input wire clk,
    input wire rst,
    input wire situation,
    input wire fact
);
  holds: assert property (rst || !situation || fact);
  reached_holds: cover property (!rst && situation);
endmodule

`default_nettype wire

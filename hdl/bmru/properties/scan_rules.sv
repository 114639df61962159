// The scan loader asks one thing of the chain at a time, and trusts no codes when a command fails.
`default_nettype none

module scan_rules (
    input wire clk,
    input wire rst,
    input wire scan_enable,
    input wire scan_capture,
    input wire scan_latch,
    input wire trusted,
    input wire done,
    input wire failed
);
  one_strobe: assert property (rst || {2'd0, scan_enable} + scan_capture + scan_latch <= 1);
  reached_one_strobe: cover property (!rst && scan_capture);
  fails_doubted: assert property (rst || !failed || (done && !trusted));
  reached_fails_doubted: cover property (!rst && failed);
endmodule

`default_nettype wire

// The promises between the controller and the BMRU core, whose clock may stand: while it does, nothing is asked of the core
// and nothing of it is awaited; it ticks then and only then when it is enabled; it is enabled for no longer than something
// is asked for; and what the controller takes from the core is valid.
`timescale 1ns / 1ps
`default_nettype none

module remora_gate_check #(
    parameter int AWAKE_AFTER = 1  // cycles for which the clock goes on after nothing is asked for
) (
    input wire clk,
    input wire reset,
    input wire clock_enable,
    input wire core_clock,
    input wire asked,  // anything is on offer on a stream or on the register bus
    input wire busy,  // any strobe of the core, its valid, or its reset
    input wire scanning,  // a scan command is under way
    input wire core_reset,
    input wire take,  // the controller takes the core's winner
    input wire valid
);
  // From the last strobe of a frame to its answer, or from the clock's first tick to the first strobe, pass fewer cycles.
  localparam int QUIET = AWAKE_AFTER + 12;
  logic powered_up = 0;
  logic enabled = 0;  // in the cycle that ended last
  int unsigned idle = 0;  // cycles in which the clock ran and nothing was asked for, one after the other
  int unsigned edges = 0;  // since the reset ended
  int unsigned ticks = 0;  // of the core's clock
  int unsigned counted = 0;  // of them at the last edge
  always @(posedge core_clock) ticks++;
  always @(posedge clk) begin
    if (reset) powered_up <= 1;
    enabled <= powered_up && !reset && clock_enable;
    if (powered_up && !reset && (busy || scanning) && !clock_enable)
      $fatal(1, "the BMRU core is used while its clock is not enabled");
    // A reset in that very cycle forgets what is taken.
    if (powered_up && take && !valid && !reset && !core_reset)
      $fatal(1, "the BMRU core's winner is taken while it is not valid");
    idle <= !powered_up || reset || !clock_enable || asked || busy || scanning || take ? 0 : idle + 1;
    if (idle > QUIET) $fatal(1, "the BMRU core's clock runs on though nothing is asked for");
  end
  // Half a cycle later, when all that the edge set off is there.
  always @(negedge clk) begin
    if (powered_up && !reset && edges != 0 && (ticks != counted) != enabled)
      $fatal(1, "the BMRU core's clock ticks %0d times where it is %0d", ticks - counted, enabled);
    counted <= ticks;
    edges <= reset ? 0 : edges + 1;
  end
endmodule

`default_nettype wire

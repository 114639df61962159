// The promises between the controller and the BMRU core: while the clock enable is low, nothing is asked of the core and
// nothing of it is awaited; it is high for no cycle more than frames, scan commands and resets need; and what the
// controller takes from the core is valid.
`timescale 1ns / 1ps
`default_nettype none

module remora_gate_check #(
    parameter int AWAKE_CYCLES = 1  // of a frame
) (
    input wire clk,
    input wire reset,
    input wire clock_enable,
    input wire busy,  // any strobe of the core, its valid, or its reset
    input wire scanning,  // a scan command is under way
    input wire core_reset,
    input wire sample,
    input wire take,  // the controller takes the core's winner
    input wire valid
);
  logic powered_up = 0;
  int unsigned cycles = 0;  // enabled without a scan command, so for a frame: so far
  int unsigned samples = 0;  // in them
  always @(posedge clk) begin
    if (reset) powered_up <= 1;
    if (powered_up && (busy || scanning) && !clock_enable)
      $fatal(1, "the BMRU core is used while its clock is not enabled");
    // A reset in that very cycle forgets what is taken.
    if (powered_up && take && !valid && !reset && !core_reset)
      $fatal(1, "the BMRU core's winner is taken while it is not valid");
    // A reset ends a frame anywhere; before the first one nothing means anything.
    if (!powered_up || reset || core_reset || scanning) begin
      cycles <= 0;
      samples <= 0;
    end else if (clock_enable) begin
      cycles <= cycles + 1;
      samples <= samples + 32'(sample);
      // A soft reset in the cycle after a frame has not reached the core yet.
      if (cycles > AWAKE_CYCLES) $fatal(1, "the BMRU core's clock is enabled for longer than a frame");
    end else begin
      cycles <= 0;
      samples <= 0;
      if (cycles != 0 && (cycles != AWAKE_CYCLES || samples != 1))
        $fatal(1, "the BMRU core's clock was enabled for %0d cycles and %0d samples", cycles, samples);
    end
  end
endmodule

`default_nettype wire

// What each row of a digital crossbar was driven with since the last sample, and what the last sample held; rule F6.
//
// A row counts from -2^(CHARGE_BITS-1) to 2^(CHARGE_BITS-1) - 1. A simulation ends where one goes beyond.
`timescale 1ns / 1ps
`default_nettype none

module remora_row_charges #(
    parameter int ROWS = 160,
    parameter int PLANE_BITS = 3,
    parameter int INTEGRATORS = 1,
    parameter int CHARGE_BITS = 10,
    parameter NAME = "tile"  // in messages
) (
    input wire clk,
    input wire off,  // clears what is gathered
    input wire [ROWS-1:0] wl_pos,
    input wire [ROWS-1:0] wl_neg,
    input wire [PLANE_BITS-1:0] plane,
    input wire integrate,
    input wire integrator,
    input wire sample,
    output wire [ROWS*CHARGE_BITS-1:0] held  // two's complement, row 0 in the low bits
);
  wire signed [CHARGE_BITS-1:0] amount = CHARGE_BITS'(1) << plane;
  genvar row, number;
  generate
    for (row = 0; row < ROWS; row = row + 1) begin : g_row
      wire [INTEGRATORS*CHARGE_BITS-1:0] gathered;
      for (number = 0; number < INTEGRATORS; number = number + 1) begin : g_integrator
        reg signed [CHARGE_BITS-1:0] charge;
        initial charge = 0;
        // One chain of carries: below the lowest bit 1 + 1 makes -amount of ~amount.
        wire [CHARGE_BITS:0] sum = {charge, 1'b1} + {amount ^ {CHARGE_BITS{!wl_pos[row]}}, !wl_pos[row]};
        wire gathers = INTEGRATORS == 1 || integrator == 1'(number);
        wire sampled = INTEGRATORS == 1 || integrator != 1'(number);
        always @(posedge clk)
          if (off || (sample && sampled)) charge <= 0;
          else if (integrate && gathers && (wl_pos[row] || wl_neg[row])) charge <= sum[CHARGE_BITS:1];
        assign gathered[number*CHARGE_BITS+:CHARGE_BITS] = charge;
`ifndef SYNTHESIS
        int next;
        assign next = int'(charge) + (wl_pos[row] ? int'(amount) : wl_neg[row] ? -int'(amount) : 0);
        always @(posedge clk)
          if (!off && integrate && gathers && (next >= 1 << (CHARGE_BITS - 1) || next < -(1 << (CHARGE_BITS - 1))))
            $fatal(1, "%s: row %0d gathers more charge than this tile counts", NAME, row);
`endif
      end
      reg signed [CHARGE_BITS-1:0] taken;
      initial taken = 0;
      // Of two integrators the one that `integrator` does not name.
      always @(posedge clk)
        if (sample)
          if (INTEGRATORS == 2 && !integrator) taken <= gathered[(INTEGRATORS-1)*CHARGE_BITS+:CHARGE_BITS];
          else taken <= gathered[CHARGE_BITS-1:0];
      assign held[row*CHARGE_BITS+:CHARGE_BITS] = taken;
    end
  endgenerate
endmodule

`default_nettype wire

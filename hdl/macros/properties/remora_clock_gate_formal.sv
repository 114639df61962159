// Clock gate for proofs, in which a step is a cycle of the clock: what carries `gated` tells whether the gated clock ticks
// at the end of it, and gets the attribute by which flip-flops on that clock are found.
`default_nettype none

module remora_clock_gate (
    input wire clk,
    input wire enable,
    output wire gated
);
  (* keep, gated_clock *) wire ticks = enable;
  assign gated = ticks;
endmodule

`default_nettype wire

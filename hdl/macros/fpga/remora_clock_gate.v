// Clock gate of the family ECP5: a buffer of the clock's tree that can be held.
`timescale 1ns / 1ps

module remora_clock_gate (
    input  clk,
    input  enable,
    output gated
);
  DCCA buffer (
      .CLKI(clk),
      .CE(enable),
      .CLKO(gated)
  );
endmodule

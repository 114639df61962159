// Clock gate: blackbox for synthesis, to be bound to the library's integrated clock-gate cell with a latch.
`timescale 1ns / 1ps
(* blackbox *)
module remora_clock_gate (
    input clk,
    input enable,
    output gated
);
endmodule

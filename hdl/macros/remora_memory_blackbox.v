// Memory with one write and one read port, registered read: blackbox for synthesis, to be bound to a compiled SRAM.
`timescale 1ns / 1ps
(* blackbox *)
module remora_memory #(
    parameter WIDTH = 8,
    parameter DEPTH = 16,
    parameter ADDRESS_BITS = 4,
    parameter WORDS = 16
) (
    input clk,
    input write,
    input [ADDRESS_BITS-1:0] write_address,
    input [WIDTH-1:0] write_data,
    input read,
    input [ADDRESS_BITS-1:0] read_address,
    output [WIDTH-1:0] read_data
);
endmodule

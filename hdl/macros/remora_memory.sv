// Memory with one write and one read port, registered read: model for simulation, and a body that synthesis maps to a
// memory of the target, such as the block memory of an FPGA. No initial content and no reset.
// Reading the word that is written in the same cycle returns the old or the new word: unspecified, so nobody may.
`timescale 1ns / 1ps
`default_nettype none

module remora_memory #(
    parameter int WIDTH = 8,
    parameter int DEPTH = 16,
    parameter int ADDRESS_BITS = 4,
    parameter int WORDS = 16  // that are addressed
) (
    input wire clk,
    input wire write,
    input wire [ADDRESS_BITS-1:0] write_address,
    input wire [WIDTH-1:0] write_data,
    input wire read,
    input wire [ADDRESS_BITS-1:0] read_address,
    output reg [WIDTH-1:0] read_data  // of the last cycle with read high; holds
);
  // Synthesis need not see to a word that is read and written in one cycle.
  (* no_rw_check *) reg [WIDTH-1:0] words[DEPTH];

  always @(posedge clk) begin
    if (write) words[write_address] <= write_data;
    if (read) read_data <= words[read_address];
  end

  // Synthesis does not know $fatal.
`ifndef SYNTHESIS
  localparam [ADDRESS_BITS:0] USED = WORDS[ADDRESS_BITS:0];

  initial
    if (WIDTH % 8 != 0 || WIDTH < 8 || WIDTH > 128 || DEPTH % 16 != 0 || DEPTH < 16 || DEPTH > 8192 || WORDS > DEPTH)
      $fatal(1, "%0d of %0d words of %0d bits: no macro has this shape", WORDS, DEPTH, WIDTH);

  // What drives the memory is in reset from the second edge on where the simulation begins with the reset pin low; until
  // then registers are random.
  reg [1:0] edges;
  initial edges = 0;
  always @(posedge clk) edges <= {edges[0], 1'b1};
  always @(posedge clk) if (edges[1]) begin
    if (write && {1'b0, write_address} >= USED) $fatal(1, "write to word %0d of %0d", write_address, WORDS);
    if (read && {1'b0, read_address} >= USED) $fatal(1, "read of word %0d of %0d", read_address, WORDS);
    if (read && write && read_address == write_address) $fatal(1, "word %0d read and written in one cycle", read_address);
  end
`endif
endmodule

`default_nettype wire

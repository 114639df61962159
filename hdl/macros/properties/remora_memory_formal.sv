// Memory for proofs: the rules of its contract, and words that may be anything.
`default_nettype none

module remora_memory #(
    parameter WIDTH = 8,
    parameter DEPTH = 16,
    parameter ADDRESS_BITS = 4,
    parameter WORDS = 16
) (
    input wire clk,
    input wire write,
    input wire [ADDRESS_BITS-1:0] write_address,
    input wire [WIDTH-1:0] write_data,
    input wire read,
    input wire [ADDRESS_BITS-1:0] read_address,
    output wire [WIDTH-1:0] read_data
);
  (* anyseq *) reg [WIDTH-1:0] any_word;
  assign read_data = any_word;
  // As in the behavioural model: what drives the memory is in reset from the second edge on.
  reg [1:0] edges = 0;
  always @(posedge clk) edges <= {edges[0], 1'b1};

  write_there: assert property (!edges[1] || !write || write_address < WORDS);
  reached_write_there: cover property (edges[1] && write);
  read_there: assert property (!edges[1] || !read || read_address < WORDS);
  reached_read_there: cover property (edges[1] && read);
  apart: assert property (!edges[1] || !read || !write || read_address != write_address);
  reached_apart: cover property (edges[1] && read);
endmodule

`default_nettype wire

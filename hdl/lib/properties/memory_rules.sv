// A memory returns what was written last: seen for one word, which may be any.
`default_nettype none

module memory_rules #(
    parameter WIDTH = 8,
    parameter ADDRESS_BITS = 1
) (
    input wire clk,
    input wire rst,
    input wire [ADDRESS_BITS-1:0] address,  // of the word that is looked at; the same for ever
    input wire write,
    input wire [ADDRESS_BITS-1:0] write_address,
    input wire [WIDTH-1:0] write_data,
    input wire read,
    input wire [ADDRESS_BITS-1:0] read_address,
    input wire [WIDTH-1:0] read_data
);
  reg written = 0, shown = 0;
  reg [WIDTH-1:0] word, expected;
  always @(posedge clk) begin
    if (!rst && write && write_address == address) begin
      written <= 1;
      word <= write_data;
    end
    if (!rst && read) begin
      shown <= written && read_address == address;
      expected <= word;
    end
  end

  // Also while others are written, and in a reset.
  returns: assert property (!shown || read_data == expected);
  reached_returns: cover property (shown && !read && write && read_data != 0);
endmodule

`default_nettype wire

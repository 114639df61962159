// While the learning engine has the tiles, those of a layer are busy after its pulses of that layer, or as long as those
// of the other layer are, for which all recover. Where a proof is given that, only `kept` is made.
`default_nettype none

module owners_rules #(
    parameter GIVEN = 0
) (
    input wire clk,
    input wire rst,
    input wire free,  // others may pulse, or a reset may come
    input wire [1:0] pulses,  // of each layer
    input wire [1:0] busy,
    output wire kept
);
  reg [1:0] own = 2'b11;
  always @(posedge clk) own <= rst || free ? 2'b11 : pulses | (own & busy);

  wire owned_holds = (busy & ~own) == 0 || (busy & own) != 0;
  assign kept = rst || owned_holds;
  generate
    if (GIVEN == 0) begin : stated
      owned: assert property (rst || owned_holds);
      reached_owned: cover property (!rst && own == 0);
    end
  endgenerate
endmodule

`default_nettype wire

// Settings stay while somebody is at work with them. Where a proof is given that, only `kept` is made.
`default_nettype none

module steady_rules #(
    parameter WIDTH = 1,
    parameter GIVEN = 0
) (
    input wire clk,
    input wire rst,
    input wire active,
    input wire [WIDTH-1:0] settings,
    output wire kept
);
  reg was_active = 0;
  reg [WIDTH-1:0] before;
  always @(posedge clk) begin
    was_active <= !rst && active;
    before <= settings;
  end

  wire steady_holds = !was_active || settings == before;
  assign kept = rst || steady_holds;
  generate
    if (GIVEN == 0) begin : stated
      steady: assert property (rst || steady_holds);
      reached_steady: cover property (!rst && was_active && settings != 0);
    end
  endgenerate
endmodule

`default_nettype wire

// Who is at work has begun when it was allowed to. Where a proof is given that, only `kept` is made.
`default_nettype none

module activity_rules #(
    parameter AFTER_RESET = 0,  // it may be at work when a reset ends
    parameter GIVEN = 0
) (
    input wire clk,
    input wire rst,
    input wire active,
    input wire allowed,
    output wire kept
);
  reg was_active = AFTER_RESET, was_allowed = 0;
  always @(posedge clk) begin
    was_active  <= rst ? AFTER_RESET : active;
    was_allowed <= !rst && allowed;
  end

  wire begins_holds = !active || was_active || was_allowed;
  assign kept = rst || begins_holds;
  generate
    if (GIVEN == 0) begin : stated
      begins: assert property (rst || begins_holds);
      reached_begins: cover property (!rst && active && was_allowed);
    end
  endgenerate
endmodule

`default_nettype wire

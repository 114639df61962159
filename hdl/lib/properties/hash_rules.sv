// A hash is done so many cycles after its start, until the next one. Where a proof is given that, only `kept` is made.
`default_nettype none

module hash_rules #(
    parameter CYCLES = 14,
    parameter GIVEN = 0
) (
    input wire clk,
    input wire rst,
    input wire start,
    input wire done,
    output wire kept
);
  reg [7:0] left = 0;  // cycles until it is done
  reg is_done = 0;
  always @(posedge clk)
    if (rst) begin
      left <= 0;
      is_done <= 0;
    end else if (start) begin
      left <= CYCLES - 1;
      is_done <= CYCLES == 1;
    end else if (left != 0) begin
      left <= left - 1;
      is_done <= left == 1;
    end

  wire in_time_holds = done == is_done;
  assign kept = rst || in_time_holds;
  generate
    if (GIVEN == 0) begin : stated
      in_time: assert property (rst || in_time_holds);
      reached_in_time: cover property (!rst && done && start);
    end
  endgenerate
endmodule

`default_nettype wire

// What is asked for comes, after so many cycles at most.
`default_nettype none

module draw_rules #(
    parameter MOST_CYCLES = 64,
    parameter LEAST_CYCLES = 8
) (
    input wire clk,
    input wire rst,
    input wire start,
    input wire done,
    output wire legal
);
  reg busy = 0;
  reg [15:0] cycles = 0;
  assign legal = !start || !busy;
  always @(posedge clk) begin
    busy   <= !rst && (start || (busy && !done));
    cycles <= rst || start ? 0 : cycles + busy;
  end

  comes: assert property (rst || !busy || cycles <= MOST_CYCLES);
  reached_comes: cover property (!rst && busy && cycles >= LEAST_CYCLES);
endmodule

`default_nettype wire

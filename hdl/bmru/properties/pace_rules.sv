// A frame becomes due once a period from the first cycle of a run on, and stays due until one starts; that is known before.
`default_nettype none

module pace_rules #(
    parameter EARLY = 4
) (
    input wire clk,
    input wire rst,
    input wire [31:0] period,  // the same for ever
    input wire run,
    input wire start,
    input wire due,
    input wire soon,
    output wire legal
);
  reg [31:0] left = 0;  // cycles until a period ends
  reg waits = 1;
  reg [1:0] settled = 0;  // what the period says counts from two cycles later
  reg [EARLY-1:0] was_soon = 0, ran = 0;
  wire ends = left == 1;
  assign legal = settled[1] || !run;
  always @(posedge clk)
    if (rst) begin
      left <= 0;
      waits <= 1;
      settled <= 0;
      ran <= 0;
    end else begin
      settled <= {settled, 1'b1};
      left <= !run || ends ? period : left - 1;
      waits <= !run || ends || (waits && !start);
      ran <= {ran, run};
      was_soon <= {was_soon, soon};
    end

  on_time: assert property (rst || !settled[1] || due == (waits || period == 0));
  reached_on_time: cover property (!rst && settled[1] && !due);
  foreseen: assert property (rst || !settled[1] || !due || period < EARLY || !(&ran) || (&was_soon));
  reached_foreseen: cover property (!rst && due && !start && period > 6 && (&ran) && (&was_soon));
endmodule

`default_nettype wire

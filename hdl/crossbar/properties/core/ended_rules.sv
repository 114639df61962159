// A step ends so many cycles after the last group of its units was handed to the cell, and at no other time. Where a
// proof is given that, only `kept` is made.
`default_nettype none

module ended_rules #(
    parameter FOLDS = 1,
    parameter FOLD_BITS = 1,
    parameter CONTEXT_BITS = 1,
    parameter CYCLES = 2,
    parameter GIVEN = 0
) (
    input wire clk,
    input wire rst,
    input wire issue,
    input wire [FOLD_BITS-1:0] fold,
    input wire [CONTEXT_BITS-1:0] context_index,
    input wire last,
    input wire valid,
    input wire [CONTEXT_BITS-1:0] ended_context,
    input wire ended_last,
    output wire kept
);
  reg [CYCLES-1:0] due = 0, lasts = 0;
  reg [CONTEXT_BITS*CYCLES-1:0] contexts = 0;
  always @(posedge clk) begin
    due <= rst ? 0 : {due, issue && fold == FOLDS - 1};
    lasts <= {lasts, last};
    contexts <= {contexts, context_index};
  end

  wire comes_holds = valid == due[CYCLES-1];
  wire named_holds = !valid
      || (ended_last == lasts[CYCLES-1] && ended_context == contexts[CONTEXT_BITS*(CYCLES-1)+:CONTEXT_BITS]);
  assign kept = rst || (comes_holds && named_holds);
  generate
    if (GIVEN == 0) begin : stated
      comes: assert property (rst || comes_holds);
      reached_comes: cover property (!rst && valid);
      named: assert property (rst || named_holds);
      reached_named: cover property (!rst && valid && ended_last);
    end
  endgenerate
endmodule

`default_nettype wire

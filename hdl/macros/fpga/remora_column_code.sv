// Code of a column of a digital crossbar: levels times charges, added up over the rows of a word and over the words of
// the column, rounded and cut to the range of the converter; rules X3 and X4.
//
// A word goes in in cycle t, its charges in cycle t + 1. `add` is high in cycle t + 3, with `first` for the first word
// of a column. The code is there from cycle t + 4 of the last word on.
`timescale 1ns / 1ps
`default_nettype none

module remora_column_code #(
    parameter int ROW_LANES = 8,
    parameter int BLOCKS = 1,  // words of a column
    parameter int LEVEL_BITS = 5,
    parameter int CHARGE_BITS = 10,
    parameter int ADC_BITS = 8,
    parameter int ADC_SHIFT = 7
) (
    input wire clk,
    input wire [ROW_LANES*2*LEVEL_BITS-1:0] levels,  // g+ of a pair in the low bits
    input wire [ROW_LANES*CHARGE_BITS-1:0] charges,  // two's complement
    input wire add,
    input wire first,
    output wire [ADC_BITS-1:0] code
);
  localparam int WEIGHT_BITS = LEVEL_BITS + 1, PRODUCT_BITS = CHARGE_BITS + WEIGHT_BITS;
  localparam int SUM_BITS = PRODUCT_BITS + $clog2(BLOCKS * ROW_LANES);
  localparam int WIDE_BITS = (SUM_BITS > ADC_SHIFT + 1 ? SUM_BITS : ADC_SHIFT + 1) + 1;
  // A minus before a cast belongs to the cast's size in Yosys, so that the least code has a name of its own.
  localparam int LIMIT = (1 << (ADC_BITS - 1)) - 1, LEAST = -LIMIT;
  localparam logic signed [WIDE_BITS-1:0] HALF = ADC_SHIFT == 0 ? 0 : WIDE_BITS'(1) << (ADC_SHIFT - 1);

  wire [ROW_LANES*PRODUCT_BITS-1:0] products;
  genvar row;
  generate
    for (row = 0; row < ROW_LANES; row = row + 1) begin : g_row
      localparam int PAIR = row * 2 * LEVEL_BITS;
      reg signed [WEIGHT_BITS-1:0] weight;
      reg signed [PRODUCT_BITS-1:0] product;
      wire signed [CHARGE_BITS-1:0] charge = charges[row*CHARGE_BITS+:CHARGE_BITS];
      always @(posedge clk) begin
        weight <= {1'b0, levels[PAIR+:LEVEL_BITS]} - {1'b0, levels[PAIR+LEVEL_BITS+:LEVEL_BITS]};
        product <= charge * weight;
      end
      assign products[row*PRODUCT_BITS+:PRODUCT_BITS] = product;
    end
  endgenerate

  reg signed [SUM_BITS-1:0] added, total;
  logic signed [SUM_BITS-1:0] all_products;
  integer index;
  always_comb begin
    all_products = 0;
    for (index = 0; index < ROW_LANES; index = index + 1)
      all_products = all_products + SUM_BITS'($signed(products[index*PRODUCT_BITS+:PRODUCT_BITS]));
  end
  always @(posedge clk) begin
    added <= all_products;
    if (add) total <= first ? added : total + added;
  end
  wire signed [WIDE_BITS-1:0] rounded = (WIDE_BITS'(total) + HALF) >>> ADC_SHIFT;
  assign code = rounded > WIDE_BITS'(LIMIT) ? ADC_BITS'(LIMIT) :
      rounded < WIDE_BITS'(LEAST) ? ADC_BITS'(LEAST) : ADC_BITS'(rounded);
endmodule

`default_nettype wire

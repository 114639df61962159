// The wordlines of states and of the bias carry bit `plane` of their word, with its sign as polarity.
`default_nettype none

module streamer_rules #(
    parameter FEATURES = 1,
    parameter HIDDEN = 1,
    parameter BITS = 8,
    parameter PLANE_BITS = 3
) (
    input wire clk,
    input wire rst,
    input wire [(BITS+1)*HIDDEN-1:0] words,
    input wire enable,
    input wire first,
    input wire [PLANE_BITS-1:0] plane,
    input wire [FEATURES+HIDDEN:0] wl_pos,
    input wire [FEATURES+HIDDEN:0] wl_neg,
    input wire [3:0] unit  // which state is looked at; the same for ever
);
  wire [BITS:0] word = words >> (BITS + 1) * unit;
  wire [BITS-1:0] shifted = word[BITS-1:0] >> plane;
  wire driven = enable && !first && shifted[0];
  wire [FEATURES+HIDDEN:0] positive = wl_pos >> FEATURES + unit, negative = wl_neg >> FEATURES + unit;

  one_polarity: assert property ((wl_pos & wl_neg) == 0);
  reached_one_polarity: cover property (wl_pos != 0 && wl_neg != 0);
  weight: assert property (positive[0] == (driven && !word[BITS]) && negative[0] == (driven && word[BITS]));
  reached_weight: cover property (driven && word[BITS] && plane == BITS - 1);
  bias: assert property (wl_pos[FEATURES+HIDDEN] == enable && !wl_neg[FEATURES+HIDDEN]);
  reached_bias: cover property (enable && wl_pos[FEATURES+HIDDEN-1]);
  rest: assert property (enable || (wl_pos | wl_neg) == 0);
  reached_rest: cover property (!enable && words != 0);
endmodule

`default_nettype wire

// Results leave the slots in the order of their numbers, each once: seen for one number, which may be any.
`default_nettype none

module slots_rules #(
    parameter CONTEXTS = 2,
    parameter NUMBER_BITS = 2,
    parameter WIDTH = 8
) (
    input wire clk,
    input wire rst,
    input wire [NUMBER_BITS-1:0] looked_at,  // the same for ever
    input wire push,
    input wire [NUMBER_BITS-1:0] number,
    input wire [WIDTH-1:0] result,
    input wire [NUMBER_BITS-1:0] oldest,
    input wire empty,
    input wire [WIDTH-1:0] next,
    input wire leaves,
    input wire taker_ready,
    output wire legal
);
  reg [2*CONTEXTS-1:0] waiting = 0;
  reg [NUMBER_BITS-1:0] expected = 0;  // the number that is to leave next
  reg [WIDTH-1:0] value;
  reg [2:0] waits = 0;
  wire [NUMBER_BITS:0] ahead = number >= oldest ? number - oldest : number + 2 * CONTEXTS - oldest;
  // Who reads out keeps to the numbers from the oldest on, each once.
  assign legal = !push || (number < 2 * CONTEXTS && ahead < CONTEXTS && !waiting[number]);
  always @(posedge clk)
    if (rst) begin
      waiting  <= 0;
      expected <= 0;
      waits <= 0;
    end else begin
      if (push) waiting[number] <= 1;
      if (push && number == looked_at) value <= result;
      if (leaves) begin
        waiting[expected] <= 0;
        expected <= expected == 2 * CONTEXTS - 1 ? 0 : expected + 1;
      end
      waits <= taker_ready && waiting[expected] && !leaves ? waits + 1 : 0;
    end

  in_order: assert property (rst || oldest == expected);
  reached_in_order: cover property (!rst && oldest == 2 * CONTEXTS - 1);
  once: assert property (rst || !leaves || waiting[expected]);
  reached_once: cover property (!rst && leaves && push);
  same: assert property (rst || !leaves || expected != looked_at || next == value);
  reached_same: cover property (!rst && leaves && expected == looked_at && value != 0);
  told: assert property (rst || empty == (waiting == 0));
  reached_told: cover property (!rst && waiting == {CONTEXTS{1'b1}});
  none_stays: assert property (rst || waits == 0);
  reached_none_stays: cover property (!rst && taker_ready && waiting[expected]);
endmodule

`default_nettype wire

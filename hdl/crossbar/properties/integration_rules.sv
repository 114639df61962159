// Each step streams exactly its planes, in order and once, and is sampled once, after its last plane.
`default_nettype none

module integration_rules #(
    parameter PLANES = 2,
    parameter PLANE_BITS = 1,
    parameter INTEGRATORS = 1,
    parameter PACE = 1,
    parameter TAG = 1  // bits of what names a step
) (
    input wire clk,
    input wire rst,
    input wire start,
    input wire ready,
    input wire drive,
    input wire integrate,
    input wire integrator,
    input wire [PLANE_BITS-1:0] plane,
    input wire sample,
    input wire [TAG-1:0] tag,
    input wire [TAG-1:0] sampled,
    input wire [TAG-1:0] at_hand,
    output wire legal
);
  assign legal = !start || ready;
  reg [PLANE_BITS-1:0] next = 0;
  reg [1:0] steps = 0;  // started and not sampled
  reg open = 0;  // the one started last has planes left
  reg full = 0;  // one has had all of its planes and was not sampled
  reg side = 0;
  reg [TAG-1:0] first, second;
  reg [15:0] since = 16'hffff;
  reg waits = 0;
  wire last = integrate && plane == PLANES - 1;
  always @(posedge clk)
    if (rst) begin
      next <= 0;
      steps <= 0;
      open <= 0;
      full <= 0;
      side <= 0;
      since <= 16'hffff;
    end else begin
      if (integrate) next <= next == PLANES - 1 ? 0 : next + 1;
      if (last && INTEGRATORS == 2) side <= !side;
      steps <= steps + start - sample;
      open <= start || (open && !last);
      full <= last || (full && !sample);
      if (start) begin
        first  <= steps == 0 || (steps == 1 && sample) ? tag : second;
        second <= tag;
      end else if (sample) first <= second;
      if (start && steps == 1 && !sample) first <= first;
      since <= sample ? 1 : since == 16'hffff ? since : since + 1;
    end

  planes: assert property (rst || !integrate || (plane == next && drive));
  reached_planes: cover property (!rst && integrate && plane == PLANES - 1);
  // A plane belongs to a step that has started, and none is integrated twice.
  once: assert property (rst || !integrate || open);
  reached_once: cover property (!rst && integrate && sample == (INTEGRATORS == 2));
  sampled_whole: assert property (rst || !sample || full);
  reached_sampled_whole: cover property (!rst && sample);
  sides: assert property (rst || !(integrate || sample) || integrator == side);
  reached_sides: cover property (!rst && integrate && (INTEGRATORS == 1 || integrator));
  pace: assert property (rst || !sample || since >= PACE);
  reached_pace: cover property (!rst && sample && since != 16'hffff);
  in_order: assert property (rst || !sample || sampled == first);
  reached_in_order: cover property (!rst && sample && first != 0 && since != 16'hffff);
  names: assert property (rst || !integrate || at_hand == second);
  reached_names: cover property (!rst && integrate && second != 0);
  room: assert property (rst || steps <= (INTEGRATORS == 2 ? 2 : 1));
  reached_room: cover property (!rst && steps == (INTEGRATORS == 2 ? 2 : 1) && full);
endmodule

`default_nettype wire

// The gated clock ticks from the cycle after something is wanted on, for so many cycles after the last of it, and no longer;
// it ticks when a frame starts that has waited for its time, and in reset.
`default_nettype none

module wake_rules #(
    parameter AFTER = 8,
    parameter EARLY = 4
) (
    input wire clk,
    input wire rst,
    input wire asks,
    input wire waits,
    input wire soon,
    input wire due,
    input wire [31:0] period,
    input wire run,
    input wire enable
);
  wire wanted = asks || (waits && soon);
  reg was_wanted = 0, was_rst = 0;
  reg [7:0] idle = 0;  // cycles since something was wanted, or since the reset
  reg [EARLY-1:0] waited = 0, ran = 0;
  always @(posedge clk) begin
    was_rst <= rst;
    was_wanted <= !rst && wanted;
    idle <= rst || wanted ? 0 : &idle ? idle : idle + 1;
    waited <= rst ? 0 : {waited, waits};
    ran <= rst ? 0 : {ran, run};
  end

  wakes: assert property (rst || !was_wanted || enable);
  reached_wakes: cover property (!rst && was_wanted && !wanted);
  goes_on: assert property (rst || idle > AFTER || enable);
  reached_goes_on: cover property (!rst && idle == AFTER);
  rests: assert property (rst || idle <= AFTER + 1 || !enable);
  reached_rests: cover property (!rst && idle > AFTER + 1);
  in_time: assert property (rst || !waits || !(&waited) || !due || !(&ran) || period < EARLY || enable);
  reached_in_time: cover property (!rst && idle > AFTER + 1 && waits && !soon);
  resets: assert property (!rst || !was_rst || enable);
  reached_resets: cover property (rst && was_rst);
endmodule

`default_nettype wire

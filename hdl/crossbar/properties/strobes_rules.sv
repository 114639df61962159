// Who reads a layer asks it for one thing after the other, while it is at work, and leaves it as it was. Where a proof
// is given that, only `kept` is made. The tiles see every strobe a cycle later.
`default_nettype none

module strobes_rules #(
    parameter INTEGRATORS = 1,
    parameter ADC_CYCLES = 1,
    parameter ALWAYS = 0,  // it is always at work: what is said of other times says nothing
    parameter GIVEN = 0
) (
    input wire clk,
    input wire rst,
    input wire active,  // whoever reads is at work
    input wire charged,  // what it has gathered may stay
    input wire drives,  // it puts something on the wordlines
    input wire drive,
    input wire integrate,
    input wire integrator,
    input wire sample,
    input wire convert,
    input wire valid,  // codes are there
    output wire ends,  // a conversion may end in this cycle
    output wire occupied,  // a conversion is under way, or is to begin
    output wire gathers,  // an integrator holds something
    output wire kept
);
  localparam LATEST = ADC_CYCLES + 1;
  reg [1:0] gathered = 0;
  reg due = 0, converting = 0;
  reg [7:0] since = LATEST;  // cycles since the last conversion began
  reg converted = 0;  // there was one
  wire other = INTEGRATORS == 2 && !integrator;
  always @(posedge clk)
    if (rst) begin
      gathered <= 0;
      due <= 0;
      converting <= 0;
      since <= LATEST;
      converted <= 0;
    end else begin
      if (convert) converted <= 1;
      if (sample) gathered[other] <= 0;
      if (integrate) gathered[INTEGRATORS==2&&integrator] <= 1;
      due <= sample;
      converting <= convert || (converting && !valid);
      since <= convert ? 1 : since < LATEST ? since + 1 : LATEST;
    end
  assign ends = converting && since == LATEST;
  assign occupied = converting || due || sample;
  assign gathers = gathered != 0;

  wire idle_holds = active || !(drives || drive || integrate || sample || convert);
  wire apart_holds = INTEGRATORS == 2 || (!(integrate && sample) && !((integrate || sample) && integrator));
  wire converts_holds = convert == due;
  // The codes of one sample are there before the next sample is taken.
  wire waits_holds = !sample || !(converting || due);
  wire leaves_holds = active || ((gathered == 0 || charged) && !converting && !due);
  assign kept = rst || (idle_holds && apart_holds && converts_holds && waits_holds && leaves_holds);

  generate
    if (GIVEN == 0) begin : stated
      apart: assert property (rst || apart_holds);
      reached_apart: cover property (!rst && sample);
      converts: assert property (rst || converts_holds);
      reached_converts: cover property (!rst && convert);
      waits: assert property (rst || waits_holds);
      reached_waits: cover property (!rst && sample && since == LATEST && converted);
    end
    if (GIVEN == 0 && ALWAYS == 0) begin : rests
      idle: assert property (rst || idle_holds);
      reached_idle: cover property (!rst && active && integrate);
      leaves: assert property (rst || leaves_holds);
      reached_leaves: cover property (!rst && !active && since == LATEST && converted);
    end
  endgenerate
endmodule

`default_nettype wire

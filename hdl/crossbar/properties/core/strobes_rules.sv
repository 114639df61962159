// Who reads a layer asks it for one thing after the other, while it is at work, and leaves it as it was. Where a proof
// is given that, only `kept` is made. The tiles see every strobe a cycle later. Where several sequences are read at a
// time, a sample may come before the codes of the one before are there, unless conversions are stretched.
`default_nettype none

module strobes_rules #(
    parameter INTEGRATORS = 1,
    parameter ADC_CYCLES = 1,
    parameter PACE = 0,  // cycles from a sample to the next at least; 0: only once the codes of the one before are there
    parameter CONVERTS = 1,  // each sample is converted; 0: none is; 2: some are
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
    input wire stretched,  // conversions take longer than the tiles' own
    output wire ends,  // a conversion may end in this cycle
    output wire occupied,  // a conversion is under way, or is to begin
    output wire gathers,  // an integrator holds something
    output wire kept
);
  reg [1:0] gathered = 0;
  reg due = 0;
  reg [ADC_CYCLES-1:0] young = 0;  // conversions that began so many cycles ago and cannot have ended
  reg [1:0] old = 0;  // those that may end
  reg converted = 0, sampled = 0;  // there was one
  reg [7:0] since = PACE;  // cycles since the last sample
  wire other = INTEGRATORS == 2 && !integrator;
  wire converting = young != 0 || old != 0;
  always @(posedge clk)
    if (rst) begin
      gathered <= 0;
      due <= 0;
      young <= 0;
      old <= 0;
      converted <= 0;
      sampled <= 0;
      since <= PACE;
    end else begin
      if (convert) converted <= 1;
      if (sample) sampled <= 1;
      if (sample) gathered[other] <= 0;
      if (integrate) gathered[INTEGRATORS==2&&integrator] <= 1;
      due <= sample;
      young <= {young, convert};
      old <= old + young[ADC_CYCLES-1] - (valid && old != 0);
      since <= sample ? 1 : since < PACE ? since + 1 : PACE;
    end
  assign ends = old != 0;
  assign occupied = converting || due || sample;
  assign gathers = gathered != 0;

  wire idle_holds = active || !(drives || drive || integrate || sample || convert);
  wire apart_holds = INTEGRATORS == 2 || (!(integrate && sample) && !((integrate || sample) && integrator));
  wire converts_holds = CONVERTS == 1 ? convert == due : !convert || (CONVERTS == 2 && due);
  wire begins = CONVERTS == 1 ? due : convert;
  wire ended = CONVERTS == 0 ? sampled : young == 0 && converted;
  // The codes of one sample are there before the next sample is taken, or as good as there.
  wire waits_holds = !sample || !(converting || begins) || (PACE != 0 && !stretched && since >= PACE);
  wire leaves_holds = active || ((gathered == 0 || charged) && !converting && !due);
  assign kept = rst || (idle_holds && apart_holds && converts_holds && waits_holds && leaves_holds);

  generate
    if (GIVEN == 0) begin : stated
      apart: assert property (rst || apart_holds);
      reached_apart: cover property (!rst && sample);
      converts: assert property (rst || converts_holds);
      reached_converts: cover property (!rst && (CONVERTS == 0 ? due : convert));
      waits: assert property (rst || waits_holds);
      reached_waits: cover property (!rst && sample && (PACE == 0 ? ended : converting));
    end
    if (GIVEN == 0 && ALWAYS == 0) begin : rests
      idle: assert property (rst || idle_holds);
      reached_idle: cover property (!rst && active && integrate);
      leaves: assert property (rst || leaves_holds);
      reached_leaves: cover property (!rst && !active && ended);
    end
  endgenerate
endmodule

`default_nettype wire

// Where the steps and readouts of the contexts in use are: each in one place, from the start of a sequence until its
// context is free. Converters are followed as in strobes_rules.sv.
`default_nettype none

module flight_rules #(
    parameter CONTEXTS = 3,
    parameter INDEX_BITS = 2,
    parameter ADC_CYCLES = 2,
    parameter PACE = 2,
    parameter CELL_CYCLES = 2,  // from the last fold to the end of a step
    parameter LEFT_BITS = 9,
    parameter GIVEN = 0
) (
    input wire clk,
    input wire rst,
    input wire [CONTEXTS-1:0] used,
    input wire [CONTEXTS-1:0] waiting,  // the next step may start
    input wire [CONTEXTS-1:0] in_readout,
    input wire streams,  // planes of a step are integrated
    input wire [INDEX_BITS-1:0] streamed,
    input wire full,  // a sum waits for its sample
    input wire [INDEX_BITS-1:0] summed,
    input wire sample,
    input wire convert,
    input wire [INDEX_BITS-1:0] held,
    input wire begun,
    input wire [INDEX_BITS-1:0] beginning,
    input wire converts,  // codes are awaited
    input wire [INDEX_BITS-1:0] converted,
    input wire awaited,  // a stretched conversion has not ended
    input wire valid,
    input wire stretched,
    input wire [LEFT_BITS-1:0] left,  // cycles until the next sample may come
    input wire issue,  // the last fold of a step
    input wire [INDEX_BITS-1:0] issued,
    input wire [CONTEXTS-1:0] due,  // to be read out
    input wire [1:0] state,  // of the readout: at rest, reading, deciding
    input wire [INDEX_BITS-1:0] read_out,
    input wire read_streams,
    input wire read_full,
    input wire read_sample,
    input wire read_convert,
    input wire read_valid,
    output wire kept
);
  // Conversions of both layers: due, so many cycles old, and old enough to end.
  reg sampled = 0, read_sampled = 0;
  reg [ADC_CYCLES-1:0] young = 0, read_young = 0;
  reg [1:0] old = 0, read_old = 0;
  reg [7:0] since = PACE;
  reg [CELL_CYCLES-1:0] in_cell = 0;
  reg [INDEX_BITS*CELL_CYCLES-1:0] of_cell = 0;
  always @(posedge clk) begin
    of_cell <= {of_cell, issued};
    if (rst) begin
      sampled <= 0;
      read_sampled <= 0;
      young <= 0;
      read_young <= 0;
      old <= 0;
      read_old <= 0;
      since <= PACE;
      in_cell <= 0;
    end else begin
      sampled <= sample;
      read_sampled <= read_sample;
      young <= {young, convert};
      read_young <= {read_young, read_convert};
      old <= old + young[ADC_CYCLES-1] - (valid && old != 0);
      read_old <= read_old + read_young[ADC_CYCLES-1] - (read_valid && read_old != 0);
      since <= sample ? 1 : since < PACE ? since + 1 : PACE;
      in_cell <= {in_cell, issue};
    end
  end

  // Each context in use is in one place, and no other is anywhere.
  wire [CONTEXTS-1:0] placed;
  genvar c;
  integer k;
  generate
    for (c = 0; c < CONTEXTS; c = c + 1) begin : of_context
      wire reads = state != 0 && read_out == c;
      reg [3:0] places;
      always @(*) begin
        places = waiting[c] + (streams && streamed == c) + (full && summed == c) + (convert && held == c)
            + (begun && beginning == c) + (converts && converted == c) + due[c] + reads;
        for (k = 0; k < CELL_CYCLES; k = k + 1)
          places = places + (in_cell[k] && of_cell[INDEX_BITS*k+:INDEX_BITS] == c);
      end
      assign placed[c] = places == used[c] && in_readout[c] == (due[c] || reads);
    end
  endgenerate

  wire one_place_holds = &placed && !(streams && full);
  // A conversion is where its step is, and there are no two in one place.
  reg [3:0] last, under_way, read_under_way;
  always @(*) begin
    last = old;
    under_way = sampled + old;
    read_under_way = read_sampled + read_old;
    for (k = 0; k < ADC_CYCLES; k = k + 1) begin
      if (k != 0) last = last + young[k];
      under_way = under_way + young[k];
      read_under_way = read_under_way + read_young[k];
    end
  end
  wire in_step_holds = convert == sampled && begun == young[0] && converts == last;
  wire [LEFT_BITS:0] reached = left + since;
  wire paced_holds = reached >= PACE && since != 0 && (since == 1 || !sampled);
  wire alone_holds = (!awaited || under_way != 0) && (!stretched || under_way == awaited);
  wire readout_holds = state != 3 && read_convert == read_sampled
      && read_streams + read_full + read_under_way == (state == 1);
  assign kept = rst || (one_place_holds && in_step_holds && paced_holds && alone_holds && readout_holds);

  generate
    if (GIVEN == 0) begin : stated
      one_place: assert property (rst || one_place_holds);
      reached_one_place: cover property (!rst && &used && in_readout != 0 && streams && in_cell != 0);
      in_step: assert property (rst || in_step_holds);
      reached_in_step: cover property (!rst && converts && streams);
      paced: assert property (rst || paced_holds);
      reached_paced: cover property (!rst && sample && under_way != 0);
      alone: assert property (rst || alone_holds);
      reached_alone: cover property (!rst && stretched && awaited);
      readout: assert property (rst || readout_holds);
      reached_readout: cover property (!rst && state == 2);
    end
  endgenerate
endmodule

`default_nettype wire

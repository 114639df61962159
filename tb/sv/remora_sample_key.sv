// What the samples of real devices draw their noise by, rule D17: the place of the sequence in the stream, which no reset sets
// back, and the step. A key is kept when the last plane of a reading is integrated, and handed over in the cycle in which
// the tiles see the sample; the harness writes it into their models.
`timescale 1ns / 1ps
`default_nettype none

module remora_sample_key
  import remora_trace::*;
(
    input wire clk,
    input wire reset,
    input wire [STEP_BITS-1:0] step,
    input wire [CONTEXT_INDEX_BITS-1:0] context_index,
    input wire taken,
    input wire [CONTEXT_INDEX_BITS-1:0] taken_context,
    input wire restarted,
    input wire [PLANE_BITS-1:0] plane,
    input wire integrate_hidden,
    input wire integrate_readout,
    input wire [PLANE_BITS-1:0] readout_plane,
    input wire [CONTEXT_INDEX_BITS-1:0] concluded_context,
    input wire [CONTEXT_INDEX_BITS-1:0] read_out,
    input wire sample_hidden,
    input wire sample_readout,
    output logic hidden_keyed,
    output logic [31:0] hidden_sequence,
    output logic [15:0] hidden_step,
    output logic readout_keyed,
    output logic [31:0] readout_sequence,
    output logic [15:0] readout_step
);
  wire [63:0] cycle;
  wire live;
  remora_trace_head head (
      .clk(clk), .reset(reset), .taken(taken), .taken_context(taken_context), .restarted(restarted),
      .started(integrate_hidden && plane == 0),
      .context_index(context_index), .step(16'(step)), .cycle(cycle), .live(live)
  );

  // A part of a stream begins where the parts before it end.
  int unsigned first_sequence;
  initial if (!$value$plusargs("remora_first_sequence=%d", first_sequence)) first_sequence = 0;

  // Readings that are integrated and not yet sampled: with two integrators more than one.
  localparam int UNDER_WAY = 4;
  logic [47:0] hidden_keys[UNDER_WAY], readout_keys[UNDER_WAY];
  int unsigned hidden_put = 0, hidden_taken = 0, readout_put = 0, readout_taken = 0;
  // Readouts of a context so far, where there is one at every step.
  shortint unsigned readouts_of[CONTEXTS];
  wire [CONTEXT_INDEX_BITS-1:0] reading = EVERY_STEP != 0 ? read_out : concluded_context;

  task automatic keep_keys();
    if (integrate_hidden && int'(plane) == STREAM_BITS - 1) begin
      if (hidden_put - hidden_taken == UNDER_WAY) $fatal(1, "%m: more steps are integrated than keys are kept");
      hidden_keys[hidden_put%UNDER_WAY] = {first_sequence + head.sequence_of[context_index], 16'(step)};
      hidden_put = hidden_put + 1;
    end
    if (taken) readouts_of[taken_context] = 0;
    if (restarted) readouts_of[0] = 0;
    if (integrate_readout && int'(readout_plane) == READOUT_PLANES - 1) begin
      if (readout_put - readout_taken == UNDER_WAY) $fatal(1, "%m: more readouts are integrated than keys are kept");
      readout_keys[readout_put%UNDER_WAY] = {
        first_sequence + head.sequence_of[reading], EVERY_STEP != 0 ? readouts_of[reading] : head.step_of[reading]
      };
      readout_put = readout_put + 1;
      readouts_of[reading] = readouts_of[reading] + 1;
    end
  endtask

  task automatic hand_over();
    hidden_keyed = sample_hidden;
    readout_keyed = sample_readout;
    if (sample_hidden) begin
      if (hidden_taken == hidden_put) $fatal(1, "%m: the hidden layer is sampled, and no step was integrated");
      {hidden_sequence, hidden_step} = hidden_keys[hidden_taken%UNDER_WAY];
      hidden_taken = hidden_taken + 1;
    end
    if (sample_readout) begin
      if (readout_taken == readout_put) $fatal(1, "%m: the readout is sampled, and no words were integrated");
      {readout_sequence, readout_step} = readout_keys[readout_taken%UNDER_WAY];
      readout_taken = readout_taken + 1;
    end
  endtask

  always @(posedge clk)
    if (reset || !live) begin
      {hidden_keyed, readout_keyed} = '0;
      hidden_taken = hidden_put;
      readout_taken = readout_put;
    end else begin
      hand_over();
      keep_keys();
    end
endmodule

`default_nettype wire

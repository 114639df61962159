// Trace monitor: writes the records of spec/lib/trace.py while the design runs, so that no Python runs cycle by cycle.
//
// Records are built in packed vectors of 16-bit fields, low field first, and written as 32-bit words, which is the byte
// order of the format. With +remora_trace=DIR the files DIR/{step,readout,event}.bin are written, else nothing is.
`timescale 1ns / 1ps
`default_nettype none

module remora_monitor #(
    parameter int HIDDEN_ROWS = 1,
    parameter int HIDDEN = 1,
    parameter int HIDDEN_ROW_TILES = 1,
    parameter int READOUT_ROWS = 1,
    parameter int READOUT_ROW_TILES = 1,
    parameter int CLASSES = 1,
    parameter int LANES = 1,
    parameter int ADC_BITS = 8,
    parameter int STATE_BITS = 16,  // sign included
    parameter int PLANE_BITS = 3,
    parameter int STEP_BITS = 1,
    parameter int CONTEXT_BITS = 1,
    parameter int FOLD_BITS = 1,
    parameter int CLASS_BITS = 1,
    parameter int DROPS = 1,
    parameter bit STEPS = 1  // write the records of steps; 0 where another monitor does
) (
    input wire clk,
    input wire aresetn,
    input wire reset,
    input wire [STEP_BITS-1:0] step,
    input wire [CONTEXT_BITS-1:0] context_index,
    input wire [PLANE_BITS-1:0] plane,
    input wire [HIDDEN_ROWS-1:0] wl_pos,
    input wire [HIDDEN_ROWS-1:0] wl_neg,
    input wire integrate_hidden,
    input wire issue,
    input wire [HIDDEN_ROW_TILES*HIDDEN*ADC_BITS-1:0] hidden_codes,
    input wire commit,
    input wire [FOLD_BITS-1:0] commit_fold,
    input wire [LANES*ADC_BITS-1:0] commit_code,
    input wire [LANES*STATE_BITS-1:0] candidate,
    input wire [LANES*STATE_BITS-1:0] state,
    input wire step_done,
    input wire integrate_readout,
    input wire [READOUT_ROWS-1:0] readout_wl_pos,
    input wire [READOUT_ROWS-1:0] readout_wl_neg,
    input wire [READOUT_ROW_TILES*CLASSES*ADC_BITS-1:0] readout_codes,
    input wire push,
    input wire [CLASSES*ADC_BITS-1:0] scores,
    input wire [CLASS_BITS-1:0] decision,
    input wire [7:0] tag,
    input wire [DROPS-1:0] dropped
);
  // Fields of 16 bits: cycle 4, sequence 2, context, step, and then what the record is about.
  localparam int HEAD = 8;
  localparam int HIDDEN_CODES = HIDDEN_ROW_TILES * HIDDEN;
  localparam int STEP_FIELDS = HEAD + HIDDEN_ROWS + HIDDEN_CODES + 3 * HIDDEN;
  localparam int STEP_RECORD = STEP_FIELDS + STEP_FIELDS % 2;
  localparam int CODES_AT = HEAD + HIDDEN_ROWS;
  localparam int CODE_AT = CODES_AT + HIDDEN_CODES;
  localparam int CANDIDATE_AT = CODE_AT + HIDDEN;
  localparam int STATE_AT = CANDIDATE_AT + HIDDEN;
  localparam int READOUT_CODES = READOUT_ROW_TILES * CLASSES;
  localparam int READOUT_FIELDS = HEAD + 2 + READOUT_ROWS + READOUT_CODES + CLASSES;
  localparam int READOUT_RECORD = READOUT_FIELDS + READOUT_FIELDS % 2;
  localparam int READOUT_CODES_AT = HEAD + 2 + READOUT_ROWS;
  localparam int SCORES_AT = READOUT_CODES_AT + READOUT_CODES;

  // No field ever holds this, so one that was not written anew cannot pass for what it was in the record before.
  localparam logic [15:0] STALE = 16'h8000;

  string directory;
  bit tracing = 0;
  int step_file, readout_file, event_file;
  initial
    if ($value$plusargs("remora_trace=%s", directory)) begin
      tracing = 1;
      step_file = STEPS ? $fopen({directory, "/step.bin"}, "wb") : -1;
      readout_file = $fopen({directory, "/readout.bin"}, "wb");
      event_file = $fopen({directory, "/event.bin"}, "wb");
      if (step_file == 0 || readout_file == 0 || event_file == 0) $fatal(1, "cannot write a trace into %s", directory);
    end
  final
    if (tracing) begin
      if (STEPS) $fclose(step_file);
      $fclose(readout_file);
      $fclose(event_file);
    end

  longint unsigned cycle = 0;
  int unsigned sequence_number = 32'hFFFF_FFFF;  // of the sequence in flight; the first is 0
  shortint words[HIDDEN_ROWS];
  logic [STEP_RECORD*16-1:0] step_record;
  logic [READOUT_RECORD*16-1:0] readout_record;
  logic converted = 0;  // this step's codes are in the record
  logic was_reset = 1;
  logic powered_up = 0;  // the first reset has come: what random inputs did before is no event

  // Words are put together from what is really on the wordlines, plane by plane.
  function automatic void add_plane(input logic [HIDDEN_ROWS-1:0] positive, input logic [HIDDEN_ROWS-1:0] negative);
    for (int i = 0; i < HIDDEN_ROWS; i++) begin
      shortint word;
      word = plane == 0 ? 0 : words[i];
      if (positive[i]) word = word + (shortint'(1) << plane);
      if (negative[i]) word = word - (shortint'(1) << plane);
      words[i] = word;
    end
  endfunction

  function automatic logic [127:0] head();
    return {16'(step), 16'(context_index), sequence_number, cycle};
  endfunction

  function automatic void take_hidden_codes();
    for (int k = 0; k < HIDDEN_CODES; k++)
      step_record[(CODES_AT+k)*16+:16] = 16'($signed(hidden_codes[k*ADC_BITS+:ADC_BITS]));
  endfunction

  function automatic void take_fold();
    for (int k = 0; k < LANES; k++) begin
      int unit;
      unit = int'(commit_fold) * LANES + k;
      if (unit < HIDDEN) begin
        step_record[(CODE_AT+unit)*16+:16] = 16'($signed(commit_code[k*ADC_BITS+:ADC_BITS]));
        step_record[(CANDIDATE_AT+unit)*16+:16] = 16'($signed(candidate[k*STATE_BITS+:STATE_BITS]));
        step_record[(STATE_AT+unit)*16+:16] = 16'($signed(state[k*STATE_BITS+:STATE_BITS]));
      end
    end
  endfunction

  function automatic void write_step();
    step_record[127:0] = head();
    if (STEP_RECORD > STEP_FIELDS) step_record[(STEP_RECORD-1)*16+:16] = 0;
    for (int i = 0; i < HIDDEN_ROWS; i++) step_record[(HEAD+i)*16+:16] = words[i];
    $fwrite(step_file, "%u", step_record);
    step_record = {STEP_RECORD{STALE}};
  endfunction

  function automatic void write_readout();
    readout_record[127:0] = head();
    if (READOUT_RECORD > READOUT_FIELDS) readout_record[(READOUT_RECORD-1)*16+:16] = 0;
    readout_record[HEAD*16+:16] = 16'(tag);
    readout_record[(HEAD+1)*16+:16] = 16'(decision);
    for (int i = 0; i < READOUT_ROWS; i++) readout_record[(HEAD+2+i)*16+:16] = words[i];
    for (int k = 0; k < READOUT_CODES; k++)
      readout_record[(READOUT_CODES_AT+k)*16+:16] = 16'($signed(readout_codes[k*ADC_BITS+:ADC_BITS]));
    for (int k = 0; k < CLASSES; k++) readout_record[(SCORES_AT+k)*16+:16] = 16'($signed(scores[k*ADC_BITS+:ADC_BITS]));
    $fwrite(readout_file, "%u", readout_record);
    readout_record = {READOUT_RECORD{STALE}};
  endfunction

  function automatic void write_event(input shortint kind, input shortint cause);
    $fwrite(event_file, "%u", {cause, kind, cycle});
  endfunction

  always @(posedge clk) begin
    cycle <= cycle + 1;
    was_reset <= reset;
    if (reset) powered_up <= 1;
    if (tracing && (powered_up || reset)) begin
      if (reset && !was_reset && powered_up) write_event(1, aresetn ? 1 : 0);
      if (reset) converted <= 0;
      else begin
        if (integrate_hidden && plane == 0 && step == 0) sequence_number = sequence_number + 1;
        if (integrate_hidden) add_plane(wl_pos, wl_neg);
        if (integrate_readout) add_plane(HIDDEN_ROWS'(readout_wl_pos), HIDDEN_ROWS'(readout_wl_neg));
        if (issue && !converted) take_hidden_codes();
        if (issue) converted <= 1;
        if (commit) take_fold();
        if (step_done && STEPS) begin
          write_step();
          converted <= 0;
        end
        if (push) write_readout();
        for (int i = 0; i < DROPS; i++) if (dropped[i]) write_event(2, shortint'(i));
      end
    end
  end
endmodule

`default_nettype wire

// A crossbar tile whose pins follow a script, a line a cycle, and what it answers, a line a cycle.
`timescale 1ns / 1ps
module device_tile #(
    parameter int ROWS = 1,
    parameter int COLUMNS = 1,
    parameter int COLUMN_BITS = 1,
    parameter int ADC_BITS = 16,
    parameter int ADC_SHIFT = 0,
    parameter int ADC_CYCLES = 2,
    parameter int INTEGRATORS = 1,
    parameter int LEVELS = 32,
    parameter int FRACTION_BITS = 11,
    parameter int PULSE_CYCLES = 2,
    parameter NAME = "tile"
) (
    input wire clk,
    output bit done
);
  bit reset, integrate, integrator, sample, convert, pulse, keyed, age_request;
  bit [ROWS-1:0] wl_pos, wl_neg, up, down, side;
  bit [2:0] plane;
  bit [COLUMN_BITS-1:0] column;
  bit [15:0] key_step;
  bit [31:0] key_sequence;
  bit [63:0] age_ticks;
  wire [COLUMNS*ADC_BITS-1:0] code;
  wire [ROWS-1:0] pos_rest, pos_full, neg_rest, neg_full;
  wire valid, busy;
  remora_crossbar #(
      .ROWS(ROWS), .COLUMNS(COLUMNS), .COLUMN_BITS(COLUMN_BITS), .PLANE_BITS(3), .ADC_BITS(ADC_BITS), .ADC_SHIFT(ADC_SHIFT),
      .ADC_CYCLES(ADC_CYCLES), .INTEGRATORS(INTEGRATORS), .LEVELS(LEVELS), .FRACTION_BITS(FRACTION_BITS),
      .PULSE_CYCLES(PULSE_CYCLES), .CURRENT_BITS(48), .NAME(NAME)
  ) tile (
      .clk, .reset, .wl_pos, .wl_neg, .plane, .integrate, .integrator, .sample, .convert, .code, .valid, .current(),
      .column, .up, .down, .side, .pulse, .busy, .pos_rest, .pos_full, .neg_rest, .neg_full
  );

  string folder, path;
  int script, answers, found;
  bit next_reset, next_integrate, next_integrator, next_sample, next_convert, next_pulse, next_keyed, next_request;
  bit [ROWS-1:0] next_pos, next_neg, next_up, next_down, next_side;
  bit [2:0] next_plane;
  bit [15:0] next_step;
  bit [COLUMN_BITS-1:0] next_column;
  bit [31:0] next_sequence;
  bit [63:0] next_ticks;
  initial begin
    done = 0;
    if (!$value$plusargs("script=%s", folder)) $fatal(1, "+script names the folder of the scripts");
    $sformat(path, "%0s/%0s.script", folder, NAME);
    script = $fopen(path, "r");
    $sformat(path, "%0s/%0s.answers", folder, NAME);
    answers = $fopen(path, "w");
    {reset, integrate, integrator, sample, convert, pulse, keyed, age_request} = 0;
  end
  always @(posedge clk)
    if (!done) begin
      $fdisplay(answers, "%h %h %h %h %h %h %h", valid, busy, code, pos_rest, pos_full, neg_rest, neg_full);
      found = $fscanf(script, "%h %h %h %h %h %h %h %h", next_reset, next_pos, next_neg, next_plane, next_integrate,
                      next_integrator, next_sample, next_convert);
      found = found + $fscanf(script, "%h %h %h %h %h", next_column, next_up, next_down, next_side, next_pulse);
      found = found + $fscanf(script, "%h %h %h %h %h", next_keyed, next_sequence, next_step, next_request, next_ticks);
      if (found != 18) begin
        done <= 1;
        $fclose(answers);
      end else begin
        {reset, integrate, integrator, sample, convert} <= {
          next_reset, next_integrate, next_integrator, next_sample, next_convert
        };
        {wl_pos, wl_neg, plane} <= {next_pos, next_neg, next_plane};
        {column, up, down, side, pulse} <= {next_column, next_up, next_down, next_side, next_pulse};
        {keyed, key_sequence, key_step} <= {next_keyed, next_sequence, next_step};
        {age_request, age_ticks} <= {next_request, next_ticks};
      end
    end
  // Between the edges, where the tile reads none of this.
  always @(negedge clk) begin
    if (keyed) tile.keyed = 1;
    tile.key_sequence = key_sequence;
    tile.key_step = key_step;
    if (age_request) tile.age_request = 1;
    tile.age_ticks = age_ticks;
  end
endmodule

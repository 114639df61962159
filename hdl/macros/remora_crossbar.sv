// Memristive crossbar tile with one converter a column: behavioural model, for simulation only.
//
// Every weight is a differential pair of devices; its value is g+ - g-, in conductance of LEVELS levels with
// FRACTION_BITS bits below one level. All arithmetic is on integers, so that numpy reproduces it exactly. The signals,
// their domains and timing are tabled in docs/reference/macros.md; the synthesis blackbox beside this file has the same
// ports. Devices are ideal, unless the simulation is started with the files of a chip.
`timescale 1ns / 1ps
`default_nettype none

module remora_crossbar #(
    parameter int ROWS = 160,
    parameter int COLUMNS = 128,
    parameter int COLUMN_BITS = 7,
    parameter int PLANE_BITS = 3,
    parameter int ADC_BITS = 8,
    parameter int ADC_SHIFT = 7,  // drop of the converter in units of whole levels
    parameter int ADC_CYCLES = 8,
    parameter int INTEGRATORS = 1,  // 1 or 2 a bitline
    parameter int SENSE_CYCLES = 1,  // from a stable column to valid flags
    parameter int LEVELS = 32,
    parameter int FRACTION_BITS = 11,
    parameter int PULSE_CYCLES = 4,
    parameter int CURRENT_BITS = 40,
    parameter int REFERENCE = 0,  // level at which g- stays; 0: pulses move both devices of a pair
    parameter NAME = "tile"  // of the memory image, and in messages
) (
    input wire clk,
    input wire reset,
    // Read
    input wire [ROWS-1:0] wl_pos,
    input wire [ROWS-1:0] wl_neg,
    input wire [PLANE_BITS-1:0] plane,
    input wire integrate,
    input wire integrator,  // the one that gathers; tied to 0 where there is one
    input wire sample,
    input wire convert,
    output wire [COLUMNS*ADC_BITS-1:0] code,
    output wire valid,
    output wire [COLUMNS*CURRENT_BITS-1:0] current,  // stands for an analog wire a bitline; open where nothing takes it
    // Program
    input wire [COLUMN_BITS-1:0] column,
    input wire [ROWS-1:0] up,
    input wire [ROWS-1:0] down,
    input wire [ROWS-1:0] side,  // 0: g+, 1: g-
    input wire pulse,
    output wire busy,
    // Sense of the selected column
    output wire [ROWS-1:0] pos_rest,
    output wire [ROWS-1:0] pos_full,
    output wire [ROWS-1:0] neg_rest,
    output wire [ROWS-1:0] neg_full
);
  // Before its first reset, when the flip-flops that drive its pins hold anything, the macro is as in reset. At the first
  // edge `reset` itself holds anything where the simulation begins with the reset pin low.
  bit clocked, powered_up;
  initial {clocked, powered_up} = 0;
  always @(posedge clk) begin
    clocked <= 1;
    if (clocked && reset) powered_up <= 1;
  end
  wire off = reset || !powered_up;
  localparam int STEP = 1 << FRACTION_BITS;  // one level
  localparam int FULL = (LEVELS - 1) * STEP;
  localparam int LIMIT = (1 << (ADC_BITS - 1)) - 1;
  localparam int SHIFT = ADC_SHIFT + FRACTION_BITS;
  localparam longint HALF = (longint'(1) << SHIFT) >> 1;

  // Real devices, as +remora_chip=DIR describes them. What follows here is then what they conduct.
  remora_reads #(
      .ROWS(ROWS),
      .COLUMNS(COLUMNS),
      .PLANES(1 << PLANE_BITS),
      .LEVELS(LEVELS),
      .FRACTION_BITS(FRACTION_BITS),
      .SHIFT(SHIFT),
      .NAME(NAME)
  ) reads ();
  bit given;  // a chip
  // Compiled for ideal devices, what real ones do is not even there.
`ifdef REMORA_REAL_DEVICES
`define REMORA_REAL given
`else
`define REMORA_REAL 1'b0
`endif
  int at_rest, at_full;  // what sense flags compare with, rule D12
  int plane_weight[1<<PLANE_BITS];
  // For the simulation to set. A keyed sample draws its noise for this sequence and step, any other as a probe, rule D17;
  // with a request the devices age at the next edge, rule D11.
  bit keyed;
  bit [31:0] key_sequence;
  bit [15:0] key_step;
  bit age_request;
  longint age_ticks;
  bit starts_aged;  // by +remora_age=TICKS, at the first edge
  longint first_ticks;

  // Devices: non-volatile, so no reset touches them. `weight` is g+ - g-, kept beside the pair for speed (rule X1).
  int g_pos[ROWS][COLUMNS];
  int g_neg[ROWS][COLUMNS];
  int weight[ROWS][COLUMNS];

  // Flags of the whole array by column, updated by each pulse.
  logic [ROWS-1:0] pos_rest_of[COLUMNS];
  logic [ROWS-1:0] pos_full_of[COLUMNS];
  logic [ROWS-1:0] neg_rest_of[COLUMNS];
  logic [ROWS-1:0] neg_full_of[COLUMNS];

  function automatic void set_pair(input int row, input int col, input int positive, input int negative);
    g_pos[row][col] = positive;
    g_neg[row][col] = negative;
    weight[row][col] = positive - negative;
    pos_rest_of[col][row] = positive <= at_rest;
    pos_full_of[col][row] = positive >= at_full;
    neg_rest_of[col][row] = negative <= at_rest;
    neg_full_of[col][row] = negative >= at_full;
  endfunction

  function automatic int moved(input int conductance, input bit raise, input bit lower);
    int value;
    value = conductance + (raise ? STEP : 0) - (lower ? STEP : 0);
    return value < 0 ? 0 : value > FULL ? FULL : value;
  endfunction

  task automatic show_pair(input int row, input int col);
    set_pair(row, col, reads.devices.conductance[row][2*col], reads.devices.conductance[row][2*col+1]);
  endtask

  // The weights of a fresh array are 0, or as +remora_images=DIR says: DIR/NAME.hex, weights in levels, 16-bit two's
  // complement, row by row.
  remora_image #(
      .WORDS(ROWS * COLUMNS),
      .DIGITS(4),
      .LIMIT(REFERENCE == 0 ? LEVELS - 1 : REFERENCE),
      .NAME(NAME)
  ) image ();
  bit has_image;
  int levels;
  initial begin
    {keyed, key_sequence, key_step, age_request, age_ticks, has_image, levels} = '0;
    reads.open(given);
    starts_aged = $value$plusargs("remora_age=%d", first_ticks) != 0;
    at_rest = `REMORA_REAL ? reads.devices.rest + STEP / 2 : 0;
    at_full = REFERENCE == 0 ? FULL : 2 * REFERENCE * STEP;
    if (`REMORA_REAL) at_full = reads.devices.rest + at_full - STEP / 2;
    for (int k = 0; k < 1 << PLANE_BITS; k++) plane_weight[k] = `REMORA_REAL ? reads.plane_weight[k] : 1 << k;
    if (!`REMORA_REAL) image.open(has_image);
    // Unrolled, the reader would be most of the program of a simulator that compiles.
    // verilator unroll_disable
    for (int k = 0; k < ROWS * COLUMNS; k++) begin
      if (has_image) image.read(levels);
      if (`REMORA_REAL) show_pair(k / COLUMNS, k % COLUMNS);
      else if (REFERENCE != 0) set_pair(k / COLUMNS, k % COLUMNS, (REFERENCE + levels) * STEP, REFERENCE * STEP);
      else set_pair(k / COLUMNS, k % COLUMNS, levels > 0 ? levels * STEP : 0, levels < 0 ? -levels * STEP : 0);
    end
    if (has_image) image.close;
  end

  // A simulation started with +remora_devices=DIR tells at its end what the devices hold: DIR/NAME.devices, g+ and g- of a
  // pair a line, row by row, in 2^-FRACTION_BITS of a level. Real devices tell themselves.
  string folder, path;
  int file, device;
  final
    if (!`REMORA_REAL && $value$plusargs("remora_devices=%s", folder)) begin
      $sformat(path, "%0s/%0s.devices", folder, NAME);
      file = $fopen(path, "w");
      if (file == 0) $fatal(1, "%s: %0s cannot be written; +remora_devices names its folder", NAME, path);
      // A variable of the loop's own makes a scope, which Icarus Verilog 11 does not enter at the end.
      // verilator unroll_disable
      for (device = 0; device < ROWS * COLUMNS; device++)
        $fdisplay(file, "%0d %0d", g_pos[device/COLUMNS][device%COLUMNS], g_neg[device/COLUMNS][device%COLUMNS]);
      $fclose(file);
    end

  // Read: integrate bit planes, sample, convert; rules F6, X3 and X4.
  int driven[INTEGRATORS][ROWS];  // what each row was driven with since the last sample: the sum of the planes' weights
  bit [INTEGRATORS-1:0] gathered;  // since the last sample
  logic signed [63:0] held[COLUMNS];  // no longint: Icarus Verilog 11 cannot cast an element of such an array
  logic [COLUMNS*ADC_BITS-1:0] code_r;
  logic valid_r;
  int converting;  // cycles left

  function automatic logic [ADC_BITS-1:0] quantise(input longint value);
    longint rounded;
    rounded = (value + HALF) >>> SHIFT;
    return ADC_BITS'(rounded > longint'(LIMIT) ? longint'(LIMIT) : rounded < -longint'(LIMIT) ? -longint'(LIMIT) : rounded);
  endfunction

  initial begin
    forget();
    code_r = 0;
    valid_r = 0;
    converting = 0;
  end

  function automatic void forget();
    gathered = 0;
    for (int unsigned k = 0; k < INTEGRATORS; k++) for (int unsigned i = 0; i < ROWS; i++) driven[k][i] = 0;
    for (int unsigned j = 0; j < COLUMNS; j++) held[j] = 0;
  endfunction

  function automatic void integrate_plane(
      input int k, input logic [ROWS-1:0] positive, input logic [ROWS-1:0] negative, input int position
  );
    int amount;
    amount = plane_weight[position];
    gathered[k] = 1;
    for (int unsigned i = 0; i < ROWS; i++)
      if (positive[i]) driven[k][i] = driven[k][i] + amount;
      else if (negative[i]) driven[k][i] = driven[k][i] - amount;
  endfunction

  // The product is formed here, once for all planes. In a function, so that the simulator keeps loop counters and sums
  // local, and in 32 bits where the sums cannot exceed them: both are much faster.
  function automatic void take_sample(input int k);
    longint reach;
    reach = 0;
    for (int unsigned i = 0; i < ROWS; i++)
      reach = driven[k][i] < 0 ? reach - longint'(driven[k][i]) : reach + longint'(driven[k][i]);
    if (reach * longint'(FULL) < (longint'(1) << 31)) multiply(k);
    else multiply_long(k);
    gathered[k] = 0;
    for (int unsigned i = 0; i < ROWS; i++) driven[k][i] = 0;
  endfunction

  function automatic void multiply(input int k);
    int sum[COLUMNS];
    for (int unsigned j = 0; j < COLUMNS; j++) sum[j] = 0;
    for (int unsigned i = 0; i < ROWS; i++)
      if (driven[k][i] != 0) for (int unsigned j = 0; j < COLUMNS; j++) sum[j] = sum[j] + driven[k][i] * weight[i][j];
    for (int unsigned j = 0; j < COLUMNS; j++) held[j] = longint'(sum[j]);
  endfunction

  function automatic void multiply_long(input int k);
    for (int unsigned j = 0; j < COLUMNS; j++) held[j] = 0;
    for (int unsigned i = 0; i < ROWS; i++)
      if (driven[k][i] != 0)
        for (int unsigned j = 0; j < COLUMNS; j++) held[j] = held[j] + longint'(driven[k][i]) * longint'(weight[i][j]);
  endfunction

  task automatic take_real_sample(input int k);
    for (int unsigned i = 0; i < ROWS; i++) reads.driven[i] = driven[k][i];
    reads.sample(keyed, key_sequence, key_step);
    keyed = 0;
    for (int unsigned j = 0; j < COLUMNS; j++) held[j] = reads.held[j];
    gathered[k] = 0;
    for (int unsigned i = 0; i < ROWS; i++) driven[k][i] = 0;
  endtask

  function automatic logic [COLUMNS*ADC_BITS-1:0] converted();
    for (int unsigned j = 0; j < COLUMNS; j++) converted[j*ADC_BITS+:ADC_BITS] = quantise(held[j]);
  endfunction

  function automatic logic [COLUMNS*ADC_BITS-1:0] really_converted();
    for (int unsigned j = 0; j < COLUMNS; j++) really_converted[j*ADC_BITS+:ADC_BITS] = quantise(reads.converted(j, held[j]));
  endfunction

  always @(posedge clk) begin
    if (off) begin
      forget();
      code_r <= 0;
      valid_r <= 0;
      converting <= 0;
    end else begin
      // What was held until now is converted before another sample takes its place.
      valid_r <= convert ? ADC_CYCLES == 1 : converting == 1;
      if (convert ? ADC_CYCLES == 1 : converting == 1) code_r <= `REMORA_REAL ? really_converted() : converted();
      if (convert) converting <= ADC_CYCLES - 1;
      else if (converting != 0) converting <= converting - 1;
      if (sample && `REMORA_REAL) take_real_sample(INTEGRATORS == 2 ? int'(!integrator) : 0);
      else if (sample) take_sample(INTEGRATORS == 2 ? int'(!integrator) : 0);
      if (integrate) integrate_plane(INTEGRATORS == 2 ? int'(integrator) : 0, wl_pos, wl_neg, int'(plane));
    end
  end

  // Outputs are tied off in reset.
  assign valid = valid_r && !off;
  // Sized, because Verilator refuses an unsized 0 on more than 8,192 bits.
  localparam int CODE_BITS = COLUMNS * ADC_BITS;
  assign code = off ? CODE_BITS'(0) : code_r;
  genvar bitline;
  generate
    for (bitline = 0; bitline < COLUMNS; bitline = bitline + 1) begin : g_bitline
      assign current[bitline*CURRENT_BITS+:CURRENT_BITS] = off ? '0 : CURRENT_BITS'(held[bitline]);
    end
  endgenerate

  // Program: a pulse takes effect when it is launched and lasts PULSE_CYCLES whatever happens, reset included.
  int pulsing;
  initial pulsing = 0;
  always @(posedge clk) begin
    if (pulse && !off && pulsing == 0) begin
      pulsing <= PULSE_CYCLES;
      for (int i = 0; i < ROWS; i++)
        if ((up[i] || down[i]) && `REMORA_REAL) begin
          reads.pulse(i, 2 * int'(column) + int'(side[i]), up[i]);
          show_pair(i, int'(column));
        end else if (up[i] || down[i])
          set_pair(
              i,
              int'(column),
              side[i] ? g_pos[i][column] : moved(g_pos[i][column], up[i], down[i]),
              side[i] ? moved(g_neg[i][column], up[i], down[i]) : g_neg[i][column]
          );
    end else if (pulsing != 0) pulsing <= pulsing - 1;
    if (age_request && gathered != 0) $fatal(1, "%s: aged between integrate and sample", NAME);
    if ((starts_aged || age_request) && `REMORA_REAL) begin
      reads.age(starts_aged ? first_ticks : age_ticks);
      for (int i = 0; i < ROWS; i++) for (int j = 0; j < COLUMNS; j++) show_pair(i, j);
    end
    if (!starts_aged) age_request = 0;
    starts_aged = 0;
  end
  assign busy = pulsing != 0 && !off;

  // Sense: right once the column has been stable for so long and no pulse lasts, else wrong, each flag of them.
  logic [COLUMN_BITS-1:0] sensed_column;
  int sensing;  // cycles for which it has been stable
  initial begin
    sensed_column = 0;
    sensing = 0;
  end
  always @(posedge clk) begin
    sensed_column <= column;
    sensing <= column !== sensed_column ? 1 : sensing < SENSE_CYCLES ? sensing + 1 : sensing;
  end
  wire in_range = int'(column) < COLUMNS && !off;
  wire wrong = column !== sensed_column || sensing < SENSE_CYCLES || pulsing != 0;
  wire [ROWS-1:0] mistaken = {ROWS{wrong}};
  assign pos_rest = in_range ? pos_rest_of[column] ^ mistaken : '0;
  assign pos_full = in_range ? pos_full_of[column] ^ mistaken : '0;
  assign neg_rest = in_range ? neg_rest_of[column] ^ mistaken : '0;
  assign neg_full = in_range ? neg_full_of[column] ^ mistaken : '0;

  // The contract of the macro's user; a violation ends the simulation.
  always @(posedge clk)
    if (!off) begin
      if ((integrate || sample) && pulsing != 0) $fatal(1, "%s: read while a pulse is in flight", NAME);
      if (integrate && sample && INTEGRATORS == 1) $fatal(1, "%s: integrate and sample in one cycle", NAME);
      if ((integrate || sample) && INTEGRATORS == 1 && integrator !== 0)
        $fatal(1, "%s: the second integrator is selected, which the tile does not have", NAME);
      if (sample && (convert ? ADC_CYCLES != 1 : converting > 1)) $fatal(1, "%s: sample while converting", NAME);
      if (convert && converting != 0) $fatal(1, "%s: convert while converting", NAME);
      if (pulse && pulsing != 0) $fatal(1, "%s: pulse while busy", NAME);
      if (pulse && gathered != 0) $fatal(1, "%s: pulse between integrate and sample", NAME);
      if (pulse && in_range !== 1) $fatal(1, "%s: pulse on column %0d, which the tile does not have", NAME, column);
      if (pulse && (up & down) != 0) $fatal(1, "%s: a wordline is pulsed up and down at once", NAME);
      if (integrate && (wl_pos & wl_neg) != 0) $fatal(1, "%s: a wordline is positive and negative at once", NAME);
    end
endmodule

`undef REMORA_REAL
`default_nettype wire

// Reads of a crossbar tile of real devices, for the behavioural model beside it; for simulation only.
//
// Wires, read noise, planes and converters: rules D13 to D18 of docs/reference/arithmetic.md. The devices are inside.
`timescale 1ns / 1ps
`default_nettype none

`ifdef REMORA_REAL_DEVICES
module remora_reads #(
    parameter int ROWS = 1,
    parameter int COLUMNS = 1,
    parameter int PLANES = 8,
    parameter int LEVELS = 32,
    parameter int FRACTION_BITS = 11,
    parameter int SHIFT = 18,  // drop of the converter, in grains
    parameter NAME = "tile"
) ();
  localparam longint BEYOND = longint'(1) << 31;  // first number that 32 bits do not hold

  remora_devices #(
      .ROWS(ROWS),
      .COLUMNS(COLUMNS),
      .PLANES(PLANES),
      .LEVELS(LEVELS),
      .FRACTION_BITS(FRACTION_BITS),
      .NAME(NAME)
  ) devices ();

  int rows, columns;  // that are used
  longint read_noise, wire_row, wire_column, converter_noise;
  bit wired, noisy;
  int plane_weight[PLANES];
  int gain[COLUMNS];  // of the converters, in 2^-12
  logic signed [63:0] offset[COLUMNS];  // of the converters, in grains

  // Weight and variance of each pair as its bitlines see them, and what no magnitude since the start exceeds.
  int weight[ROWS][COLUMNS];
  int variance[ROWS][COLUMNS];
  longint most_weight, most_variance;
  // Sums of rule D13 by row and bitline, recomputed at the next sample where a pulse has touched row or column.
  logic signed [63:0] row_load[ROWS][2*COLUMNS];
  logic signed [63:0] column_load[ROWS][2*COLUMNS];
  bit stale_row[ROWS];
  bit stale_column[COLUMNS];
  bit stale;

  // Takes the chip that the simulation was started with; `given` is 0 where it was started without.
  task automatic open(output bit given);
    devices.chip.find(given);
    if (given) begin
      devices.read_model();
      read_converters();
      devices.read_devices();
      settle_all();
    end
  endtask

  // The rest of the model: planes, converters, tables.
  task automatic read_converters;
    longint number;
    rows = devices.rows;
    columns = devices.columns;
    read_noise = longint'(devices.read_noise);
    wire_row = devices.shared[devices.SHARED-3];
    wire_column = devices.shared[devices.SHARED-2];
    converter_noise = devices.shared[devices.SHARED-1];
    wired = wire_row != 0 || wire_column != 0;
    noisy = read_noise != 0 || converter_noise != 0;
    number = longint'(devices.limit);
    if (read_noise > 65535 || ((number * number >>> 29) + 1) * read_noise * read_noise >= BEYOND)
      devices.chip.refuse("describes read noise whose variance 32 bits do not hold");
    // verilator unroll_disable
    for (int k = 0; k < PLANES; k++) plane_weight[k] = 0;
    for (int j = 0; j < COLUMNS; j++) begin
      offset[j] = 0;
      gain[j] = 4096;
    end
    // verilator unroll_disable
    for (int k = 0; k < devices.planes + 2 * columns; k++) begin
      number = devices.chip.next(-BEYOND, BEYOND);
      if (k < devices.planes) plane_weight[k] = int'(number) << k;
      else if ((k - devices.planes) % 2 == 0) offset[(k-devices.planes)/2] = (number <<< SHIFT) >>> 4;
      else gain[(k-devices.planes)/2] = 4096 + int'(number);
    end
    // verilator unroll_disable
    for (int k = 0; k < 770; k++) devices.table_of[k] = int'(devices.chip.next(-BEYOND, BEYOND));
    devices.chip.close();
  endtask

  // A pulse on a device of bitline c. Pairs that the tile does not use do not move.
  task automatic pulse(input int row, input int c, input bit raise);
    if (row < rows && c < 2 * columns) begin
      devices.pulse(row, c, raise);
      stale_row[row] = 1;
      stale_column[c>>1] = 1;
      stale = 1;
    end
  endtask

  task automatic age(input longint ticks);
    devices.age(ticks);
    settle_all();
  endtask

  task automatic settle_all;
    for (int i = 0; i < rows; i++) stale_row[i] = 1;
    for (int j = 0; j < columns; j++) stale_column[j] = 1;
    stale = 1;
  endtask

  // Weights of the pairs whose row and column are stale; with wires, of those whose row or column is.
  task automatic settle;
    if (wired) begin
      for (int i = 0; i < rows; i++) if (stale_row[i]) load_row(i);
      for (int c = 0; c < 2 * columns; c++) if (stale_column[c>>1]) load_column(c);
    end
    for (int i = 0; i < rows; i++)
      if (wired || stale_row[i])
        for (int j = 0; j < columns; j++) if (wired ? stale_row[i] || stale_column[j] : stale_column[j]) weigh(i, j);
    for (int i = 0; i < rows; i++) stale_row[i] = 0;
    for (int j = 0; j < columns; j++) stale_column[j] = 0;
    stale = 0;
  endtask

  // Sums of rule D13 as sums of sums: of the bitlines from c on, over all up to c; and of rows likewise.
  task automatic load_row(input int row);
    longint beyond, total;
    beyond = 0;
    for (int c = 0; c < 2 * columns; c++) beyond = beyond + longint'(devices.conductance[row][c]);
    total = 0;
    for (int c = 0; c < 2 * columns; c++) begin
      total = total + beyond;
      row_load[row][c] = total;
      beyond = beyond - longint'(devices.conductance[row][c]);
    end
  endtask

  task automatic load_column(input int c);
    longint above, total;
    above = 0;
    for (int i = 0; i < rows; i++) above = above + longint'(devices.conductance[i][c]);
    total = 0;
    for (int i = rows - 1; i >= 0; i--) begin
      total = total + above;
      column_load[i][c] = total;
      above = above - longint'(devices.conductance[i][c]);
    end
  endtask

  // Rule D13: what a device counts as.
  function automatic longint counted(input int row, input int c);
    longint drop;
    if (!wired) return longint'(devices.conductance[row][c]);
    drop = devices.rounded(wire_row * row_load[row][c] + wire_column * column_load[row][c], 28);
    return (longint'(devices.conductance[row][c]) << 16) / (65536 + drop);
  endfunction

  // Rule D14.
  function automatic longint variance_of(input longint positive, input longint negative);
    return devices.rounded(read_noise * read_noise * (positive * positive + negative * negative), 30);
  endfunction

  task automatic weigh(input int row, input int col);
    longint positive, negative, spread;
    positive = counted(row, 2 * col);
    negative = counted(row, 2 * col + 1);
    weight[row][col] = int'(positive - negative);
    if (positive > most_weight) most_weight = positive;
    if (negative > most_weight) most_weight = negative;
    if (read_noise != 0) begin
      spread = variance_of(positive, negative);
      variance[row][col] = int'(spread);
      if (spread > most_variance) most_variance = spread;
    end
  endtask

  // A sample of what each row was driven with, its words as rule D15 counts them; rules D15 to D17. `held` is what the
  // bitlines hold of it.
  int driven[ROWS];
  logic signed [63:0] held[COLUMNS];
  logic signed [63:0] square_of[ROWS];

  localparam bit [31:0] READ = 20, PROBE = 21;  // purposes of the draws

  task automatic sample(input bit keyed, input bit [31:0] key_sequence, input bit [15:0] key_step);
    longint reach, remainders, squares;
    int remainder;
    if (stale) settle();
    reach = 0;
    remainders = 0;
    squares = 0;
    for (int unsigned i = 0; i < ROWS; i++) begin
      remainder = int'($signed(driven[i][7:0]));
      remainders = remainder < 0 ? remainders - longint'(remainder) : remainders + longint'(remainder);
      reach = driven[i] < 0 ? reach - longint'(driven[i]) : reach + longint'(driven[i]);
      square_of[i] = read_noise != 0 ? devices.rounded(longint'(driven[i]) * longint'(driven[i]), 22) : 0;
      squares = squares + square_of[i];
    end
    // In 32 bits where the sums cannot exceed them, which is much faster.
    if (((reach + remainders) >>> 8) * most_weight < BEYOND && remainders * most_weight < BEYOND) gather();
    else gather_long();
    if (noisy) begin
      if (squares * most_variance + converter_noise < BEYOND) gather_noise();
      else gather_noise_long();
      if (keyed) disturb(READ, key_sequence, key_step);
      else disturb(PROBE, devices.probes, 0);
    end
    if (!keyed) devices.probes = devices.probes + 1;
  endtask

  // Words are split into whole ones and what the planes' errors add, so that 32 bits hold the products. The arrays are
  // no variables of the tasks, which a simulator that compiles would clear in every cycle.
  int sum[COLUMNS];
  int part[COLUMNS];

  task automatic gather;
    int remainder, whole;
    for (int unsigned j = 0; j < COLUMNS; j++) sum[j] = 0;
    for (int unsigned j = 0; j < COLUMNS; j++) part[j] = 0;
    for (int unsigned i = 0; i < ROWS; i++) begin
      remainder = int'($signed(driven[i][7:0]));
      whole = (driven[i] - remainder) >>> 8;
      if (whole != 0) for (int unsigned j = 0; j < COLUMNS; j++) sum[j] = sum[j] + whole * weight[i][j];
      if (remainder != 0) for (int unsigned j = 0; j < COLUMNS; j++) part[j] = part[j] + remainder * weight[i][j];
    end
    for (int unsigned j = 0; j < COLUMNS; j++) held[j] = longint'(sum[j]) + devices.rounded(longint'(part[j]), 8);
  endtask

  task automatic gather_long;
    for (int unsigned j = 0; j < COLUMNS; j++) held[j] = 0;
    for (int unsigned i = 0; i < ROWS; i++)
      if (driven[i] != 0)
        for (int unsigned j = 0; j < COLUMNS; j++) held[j] = held[j] + longint'(driven[i]) * longint'(weight[i][j]);
    for (int unsigned j = 0; j < COLUMNS; j++) held[j] = devices.rounded(held[j], 8);
  endtask

  // Deviations of a sample's columns, in 2^6 grains: roots of their variances, of all columns bit by bit.
  int deviation[COLUMNS];
  int left[COLUMNS];  // of the variance

  task automatic gather_noise;
    int square, one, trial, taken;
    for (int unsigned j = 0; j < COLUMNS; j++) left[j] = int'(converter_noise);
    for (int unsigned j = 0; j < COLUMNS; j++) deviation[j] = 0;
    for (int unsigned i = 0; i < ROWS; i++) begin
      square = int'(square_of[i]);
      if (square != 0)
        for (int unsigned j = 0; j < COLUMNS; j++) left[j] = left[j] + square * variance[i][j];
    end
    // verilator unroll_disable
    for (one = 1 << 30; one != 0; one = one >> 2)
      for (int unsigned j = 0; j < COLUMNS; j++) begin
        trial = deviation[j] + one;
        taken = left[j] >= trial ? -1 : 0;
        left[j] = left[j] - (trial & taken);
        deviation[j] = (deviation[j] >> 1) + (one & taken);
      end
  endtask

  task automatic gather_noise_long;
    longint power;
    for (int unsigned j = 0; j < COLUMNS; j++) begin
      power = converter_noise;
      for (int unsigned i = 0; i < ROWS; i++) power = power + square_of[i] * longint'(variance[i][j]);
      deviation[j] = int'(devices.root(power));
    end
  endtask

  // Noise of a sample, a draw for each eight columns of the layer; rules D16 and D17.
  task automatic disturb(input bit [31:0] purpose, input bit [31:0] number, input bit [15:0] step);
    bit [63:0] words;
    bit [31:0] place, lane;
    bit [7:0] entry;
    words = 0;
    lane = devices.layer << 15 | devices.row_tile;
    place = devices.first_column;
    for (int unsigned j = 0; j < COLUMNS; j++) begin
      if (int'(j) == devices.own_columns) place = devices.first_spare;
      if (j == 0 || int'(j) == devices.own_columns || place[2:0] == 0)
        words = devices.draw(devices.seed, purpose, number, {step, place[18:3]}, lane);
      entry = 8'(words >> {place[2:0], 3'b000});
      held[j] = held[j] + longint'(deviation[j]) * longint'(devices.table_of[devices.DEVIATES+int'(entry)]);
      place = place + 1;
    end
  endtask

  // What the converter of a column rounds; rule D18.
  function automatic longint converted(input int unsigned col, input longint value);
    return ((value * longint'(gain[col])) >>> 12) + offset[col];
  endfunction
endmodule
`else
// Devices are ideal: the crossbar asks for nothing here. A simulator that compiles would take twice as long for the model of
// real ones.
module remora_reads #(
    parameter int ROWS = 1,
    parameter int COLUMNS = 1,
    parameter int PLANES = 8,
    parameter int LEVELS = 32,
    parameter int FRACTION_BITS = 11,
    parameter int SHIFT = 18,
    parameter NAME = "tile"
) ();
  remora_devices #(
      .ROWS(ROWS),
      .COLUMNS(COLUMNS)
  ) devices ();
  int plane_weight[PLANES];
  int driven[ROWS];
  logic signed [63:0] held[COLUMNS];
  string folder;

  task automatic open(output bit given);
    given = 0;
    if ($value$plusargs("remora_chip=%s", folder))
      $fatal(1, "%s: +remora_chip=%0s: compile with REMORA_REAL_DEVICES defined, else devices are ideal", NAME, folder);
  endtask
  task automatic sample(input bit keyed, input bit [31:0] key_sequence, input bit [15:0] key_step);
  endtask
  task automatic pulse(input int row, input int c, input bit raise);
  endtask
  task automatic age(input longint ticks);
  endtask
  function automatic longint converted(input int unsigned col, input longint value);
    return value;
  endfunction
endmodule
`endif

`default_nettype wire

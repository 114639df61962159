// Real devices of a crossbar tile, for the behavioural models beside it; for simulation only.
//
// How each device was made, what it holds, and what it conducts: rules D1 to D11 of docs/reference/arithmetic.md, with
// the integers of a chip's files (docs/reference/macros.md). All arithmetic is on integers, so that numpy reproduces it
// exactly; a conductance counts in grains of 2^-FRACTION_BITS of a level.
`timescale 1ns / 1ps
`default_nettype none

`ifdef REMORA_REAL_DEVICES
module remora_devices #(
    parameter int ROWS = 1,
    parameter int COLUMNS = 1,
    parameter int PLANES = 8,
    parameter int LEVELS = 32,
    parameter int FRACTION_BITS = 11,
    parameter NAME = "tile"
) ();
  localparam longint MOST_TICKS = (longint'(1) << 47) - 1;
  localparam longint MOST_WORD = (longint'(1) << 32) - 1;
  localparam int FULL_LEVELS = LEVELS - 1;
  localparam longint BEYOND = longint'(1) << 31;  // first number that 32 bits do not hold

  // What all devices of the chip share. `rows` and `columns` are the part of the tile that is used.
  int layer, row_tile, first_row, first_column, rows, columns, planes;
  // Of the columns the last ones are spares, which draw by other numbers; rule Y4.
  int own_columns, first_spare;
  bit [31:0] seed;
  int rest, full, limit;
  localparam int RAISES = 0, LOWERS = 1, WRITES = 2, DRIFTS = 3, DRIFT_SPREADS = 4, SLOWS = 5;
  localparam int TABLES = 6;
  int knots[TABLES][17];
  bit used[TABLES];  // not 0 everywhere
  int cycle_noise, cycle_range, read_noise, slow_base;
  longint whole_range;  // reciprocal of rule D3 from 0 to full
  int table_of[770];  // logarithms, powers and, for reads, normal deviates
  localparam int POWERS = 257, DEVIATES = 514;

  // Devices by row and bitline: 2j carries g+ of column j, 2j + 1 its g-. How they were made, the numbers of rule D4:
  localparam int LOW = 0, HIGH = 1, UP = 2, DOWN = 3, AGING = 4, ENDURANCE = 5, NUMBERS = 6;
  int made[NUMBERS][ROWS][2*COLUMNS];  // an endurance without sign
  // Their state, p, n, t and s of rule D5, which no reset changes:
  int written[ROWS][2*COLUMNS];
  bit [31:0] pulses[ROWS][2*COLUMNS];
  logic signed [63:0] idle[ROWS][2*COLUMNS];
  int slow[ROWS][2*COLUMNS];
  bit [31:0] ageings, probes;
  // What they conduct.
  int conductance[ROWS][2*COLUMNS];

  remora_chip_file #(.NAME(NAME)) chip ();
  bit given;

  // Numbers of the model that every tile has. Reading goes through few loops: each place that reads is a copy of the
  // reader in a simulator that compiles.
  localparam int SIZES = 9, RANGE = 13, KNOTS = 17, NOISES = RANGE + TABLES * KNOTS, SHARED = NOISES + 7;
  logic signed [63:0] shared[SHARED];

  // The model up to the planes.
  task automatic read_model;
    chip.open("model");
    // verilator unroll_disable
    for (int k = 0; k < SHARED; k++) shared[k] = chip.next(0, k == SIZES ? MOST_WORD : k < NOISES + 4 ? BEYOND - 1 : BEYOND << 16);
    layer = int'(shared[0]);
    row_tile = int'(shared[1]);
    first_row = int'(shared[2]);
    first_column = int'(shared[3]);
    rows = int'(shared[4]);
    columns = int'(shared[5]);
    planes = int'(shared[6]);
    own_columns = int'(shared[7]);
    first_spare = int'(shared[8]);
    if (shared[4] < 1 || shared[5] < 1 || shared[4] > longint'(ROWS) || shared[5] > longint'(COLUMNS)) begin
      chip.refuse("describes other rows or columns than the tile has");
      rows = 1;
      columns = 1;
    end
    if (shared[7] < 1 || shared[7] > shared[5]) chip.refuse("describes other spare columns than the tile has");
    if (shared[6] < 1 || shared[6] > longint'(PLANES)) chip.refuse("describes other planes than the tile has");
    seed = 32'(shared[SIZES]);
    rest = int'(shared[SIZES+1]);
    full = int'(shared[SIZES+2]);
    if (shared[SIZES+3] != longint'(1) << FRACTION_BITS || shared[SIZES+2] >= BEYOND >>> 5
        || shared[SIZES+2] - shared[SIZES+1] != longint'(FULL_LEVELS) << FRACTION_BITS)
      chip.refuse("describes other levels than the tile has");
    limit = 2 * full;
    whole_range = reciprocal(0, full);
    // verilator unroll_disable
    for (int k = 0; k < TABLES; k++) begin
      used[k] = 0;
      // verilator unroll_disable
      for (int place = 0; place < KNOTS; place++) begin
        knots[k][place] = int'(shared[RANGE+KNOTS*k+place]);
        if (knots[k][place] != 0) used[k] = 1;
      end
    end
    cycle_noise = int'(shared[NOISES]);
    cycle_range = int'(shared[NOISES+1]);
    read_noise = int'(shared[NOISES+2]);
    slow_base = int'(shared[NOISES+3]);
  endtask

  // How the devices were made, and what they hold.
  task automatic read_devices;
    longint least;
    chip.open("chip");
    // verilator unroll_disable
    for (int i = 0; i < rows; i++)
      for (int c = 0; c < 2 * columns; c++)
        for (int k = 0; k < NUMBERS; k++) begin
          least = k == LOW ? 0 : k == HIGH ? longint'(made[LOW][i][c]) : -BEYOND;
          made[k][i][c] = int'(chip.next(least, k <= HIGH ? longint'(limit) : MOST_WORD));
        end
    chip.close();
    chip.open("devices");
    ageings = 32'(chip.next(0, MOST_WORD));
    probes = 32'(chip.next(0, MOST_WORD));
    // verilator unroll_disable
    for (int i = 0; i < rows; i++) for (int c = 0; c < 2 * columns; c++) read_device(i, c);
    chip.close();
    given = !chip.failed;
  endtask

  task automatic read_device(input int row, input int c);
    longint number;
    // verilator unroll_disable
    for (int k = 0; k < 4; k++) begin
      number = chip.next(k == 3 ? -BEYOND : 0, k == 0 ? longint'(limit) : k == 2 ? MOST_TICKS : MOST_WORD);
      case (k)
        0: written[row][c] = int'(number);
        1: pulses[row][c] = 32'(number);
        2: idle[row][c] = number;
        default: slow[row][c] = int'(number);
      endcase
    end
    number = drifted(row, c, shown(row, c), log_time(idle[row][c])) + longint'(slow[row][c]);
    conductance[row][c] = int'(clamped(number, 0, longint'(limit)));  // rule D10
  endtask

  function automatic longint rounded(input longint value, input int bits);
    return (value + (longint'(1) << (bits - 1))) >>> bits;
  endfunction
  function automatic longint clamped(input longint value, input longint least, input longint most);
    return value < least ? least : value > most ? most : value;
  endfunction
  function automatic longint root(input longint value);
    // verilator no_inline_task
    longint left, found, one;
    left = value;
    found = 0;
    one = longint'(1) << (value < BEYOND ? 30 : 62);
    while (one > left) one = one >> 2;
    while (one != 0) begin
      if (left >= found + one) begin
        left = left - found - one;
        found = (found >> 1) + one;
      end else found = found >> 1;
      one = one >> 2;
    end
    return found;
  endfunction

  // Draws: Threefry-2x32 with 13 rounds, the second word above the first, and near-normal integers made of a word;
  // rules R1, R2 and R5. Arrays are packed and words are bits, as Icarus Verilog 11 needs them.
  localparam bit [31:0] PULSE = 22, WRITE = 23, SLOW = 24;  // purposes
  localparam bit [39:0] ROTATIONS = {5'd24, 5'd16, 5'd29, 5'd17, 5'd6, 5'd26, 5'd15, 5'd13};

  function automatic bit [63:0] draw(input bit [31:0] key0, input bit [31:0] purpose, input bit [31:0] number,
                                     input bit [31:0] index, input bit [31:0] lane);
    // verilator no_inline_task
    bit [2:0][31:0] key;
    bit [31:0] x0, x1, injection;
    bit [5:0] rotation;
    key[0] = key0;
    key[1] = purpose << 24 | lane;
    key[2] = key[0] ^ key[1] ^ 32'h1BD1_1BDA;
    x0 = number + key[0];
    x1 = index + key[1];
    for (bit [31:0] round = 0; round < 13; round++) begin
      rotation = {1'b0, ROTATIONS[round%8*5+:5]};
      x0 = x0 + x1;
      x1 = (x1 << rotation | x1 >> (32 - rotation)) ^ x0;
      if (round % 4 == 3) begin
        injection = round / 4 + 1;
        x0 = x0 + key[injection%3];
        x1 = x1 + key[(injection+1)%3] + injection;
      end
    end
    return {x1, x0};
  endfunction

  function automatic longint normal(input bit [31:0] word, input longint amplitude);
    // verilator no_inline_task
    int total;
    total = int'(word[7:0]) + int'(word[15:8]) + int'(word[23:16]) + int'(word[31:24]) - 510;
    return rounded(longint'(total) * amplitude * 443, 16);
  endfunction

  // Rule D2.
  function automatic bit [31:0] number_of(input int row, input int c);
    return 32'(layer << 24 | (c & 1) << 23 | (first_row + row) << 11 | bitline_of(c >> 1));
  endfunction

  // Rule Y4: the number by which a column of the tile draws.
  function automatic int bitline_of(input int col);
    return col < own_columns ? first_column + col : first_spare + col - own_columns;
  endfunction

  // Rule D3.
  function automatic longint reciprocal(input int least, input int most);
    return most > least ? (longint'(1) << 28) / (longint'(most) - longint'(least)) : longint'(1) << 28;
  endfunction
  function automatic longint between(input int first, input int second, input longint place);
    // verilator no_inline_task
    return longint'(first) + rounded((longint'(second) - longint'(first)) * place, 8);
  endfunction
  function automatic longint position(input longint value, input int least, input longint factor);
    // verilator no_inline_task
    return value > longint'(least) ? clamped(((value - longint'(least)) * factor) >>> 16, 0, 4096) : 0;
  endfunction
  function automatic longint at_position(input int k, input longint x);
    bit [4:0] segment;
    segment = x < 4096 ? x[12:8] : 15;
    return between(knots[k][segment], knots[k][segment+1], x - longint'({segment, 8'd0}));
  endfunction

  // Rule D7.
  function automatic longint shown(input int row, input int c);
    longint value;
    bit [63:0] words;
    value = longint'(written[row][c]);
    if (used[WRITES]) begin
      words = draw(seed, WRITE, pulses[row][c], number_of(row, c), 0);
      value = value + normal(words[31:0], at_position(WRITES, position(value, 0, whole_range)));
    end
    return clamped(value, 0, longint'(limit));
  endfunction

  // Rule D8.
  function automatic longint log_time(input longint ticks);
    bit [63:0] u;
    bit [9:0] k;
    longint m;
    u = ticks + 256;
    m = 8;
    while (u >> (m + 1) != 0) m = m + 1;
    u = m < 16 ? u << (16 - m) : u >> (m - 16);
    k = 10'(u[15:8]);
    return ((m - 8) << 16) + between(table_of[k], table_of[k+1], longint'(u[7:0]));
  endfunction

  // Rule D9; without time since the last pulse nothing has drifted.
  function automatic longint drifted(input int row, input int c, input longint value, input longint log_of_time);
    longint x, exponent, y, power;
    int k;
    if (log_of_time == 0 || !(used[DRIFTS] || used[DRIFT_SPREADS])) return value;
    x = position(value, 0, whole_range);
    exponent = at_position(DRIFTS, x) + rounded(at_position(DRIFT_SPREADS, x) * longint'(made[AGING][row][c]), 8);
    y = exponent < 0 ? 0 : (exponent * log_of_time) >>> 12;
    k = POWERS + int'(y[15:8]);
    power = between(table_of[k], table_of[k+1], longint'(y[7:0]));
    return rounded(value * power, 16 + int'(clamped(y >>> 16, 0, 31)));
  endfunction

  // A pulse on one device; rule D6. It conducts what it shows then, rule D10.
  task automatic pulse(input int row, input int c, input bit raise);
    longint value, least, most, step, noise;
    bit [63:0] words;
    value = longint'(written[row][c]);
    least = longint'(made[LOW][row][c]);
    most = longint'(made[HIGH][row][c]);
    step = position(value, made[LOW][row][c], reciprocal(made[LOW][row][c], made[HIGH][row][c]));
    step = at_position(raise ? RAISES : LOWERS, step);
    step = rounded(step * longint'(made[raise?UP : DOWN][row][c]), 12);
    noise = 0;
    if (cycle_noise != 0 || cycle_range != 0) begin
      words = draw(seed, PULSE, pulses[row][c], number_of(row, c), 0);
      noise = normal(words[31:0], rounded(step * longint'(cycle_noise), 12));
      noise = noise + normal(words[63:32], longint'(cycle_range));
    end
    value = raise ? value + step + noise : value - step - noise;
    if (pulses[row][c] < 32'(made[ENDURANCE][row][c])) written[row][c] = int'(clamped(value, least, most));
    if (pulses[row][c] != 32'hFFFF_FFFF) pulses[row][c] = pulses[row][c] + 1;
    idle[row][c] = 0;
    slow[row][c] = 0;
    conductance[row][c] = int'(shown(row, c));
  endtask

  // Ageing of all devices at once; rule D11.
  task automatic age(input longint ticks);
    if (ticks < 0 || ticks > MOST_TICKS) $fatal(1, "%s: an age of %0d ticks is none", NAME, ticks);
    else begin
      ageings = ageings + 1;
      for (int i = 0; i < rows; i++) for (int c = 0; c < 2 * columns; c++) age_device(i, c, ticks);
    end
  endtask

  task automatic age_device(input int row, input int c, input longint ticks);
    longint value, programmed, amplitude, log_of_time, noise;
    bit [63:0] words;
    idle[row][c] = clamped(idle[row][c] + ticks, 0, MOST_TICKS);
    log_of_time = log_time(idle[row][c]);
    programmed = shown(row, c);
    value = drifted(row, c, programmed, log_of_time);
    noise = 0;
    if (used[SLOWS]) begin
      amplitude = rounded(value * at_position(SLOWS, position(programmed, 0, whole_range)), 12);
      amplitude = amplitude * root((longint'(slow_base) + ((log_of_time * 45426) >>> 24)) << 8);
      words = draw(seed, SLOW, ageings, number_of(row, c), 0);
      noise = normal(words[31:0], rounded(amplitude, 8));
    end
    slow[row][c] = int'(noise);
    conductance[row][c] = int'(clamped(value + noise, 0, longint'(limit)));  // rule D10
  endtask

  // A simulation started with +remora_devices=DIR tells at its end what became of the devices: DIR/NAME.devices, as it
  // was read. Loop variables are the module's, since Icarus Verilog 11 enters no scope at the end.
  string folder, path;
  int file, row, line;
  final
    if (given && $value$plusargs("remora_devices=%s", folder)) begin
      $sformat(path, "%0s/%0s.devices", folder, NAME);
      file = $fopen(path, "w");
      if (file == 0) $fatal(1, "%s: %0s cannot be written; +remora_devices names its folder", NAME, path);
      $fdisplay(file, "%0d %0d", ageings, probes);
      for (row = 0; row < rows; row++)
        for (line = 0; line < 2 * columns; line++) begin
          $fwrite(file, "%0d %0d %0d %0d", written[row][line], pulses[row][line], idle[row][line], slow[row][line]);
          if (line % 2 == 1) $fdisplay(file, "");
          else $fwrite(file, " ");
        end
      $fclose(file);
    end
endmodule
`else
// What the crossbar names of real devices, where it is compiled without them.
module remora_devices #(
    parameter int ROWS = 1,
    parameter int COLUMNS = 1
) ();
  int rest, full;
  int conductance[ROWS][2*COLUMNS];
endmodule
`endif

`default_nettype wire

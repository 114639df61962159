// Real devices of a crossbar tile, for the behavioural models beside it; for simulation only.
//
// How each device was made, what it holds, and what it conducts: rules D1 to D11 of docs/reference/arithmetic.md, with
// the integers of a chip's files (docs/reference/macros.md). All arithmetic is on integers, so that numpy reproduces it
// exactly; a conductance counts in grains of 2^-FRACTION_BITS of a level.
`timescale 1ns / 1ps
`default_nettype none

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
  bit [31:0] seed;
  int rest, full, limit;
  localparam int RAISES = 0, LOWERS = 1, WRITES = 2, DRIFTS = 3, DRIFT_SPREADS = 4, SLOWS = 5;
  localparam int TABLES = 6;
  int knots[TABLES][17];
  bit used[TABLES];  // not 0 everywhere
  int cycle_noise, cycle_range, read_noise, slow_base;
  longint whole_range;  // reciprocal of rule D3 from 0 to full
  int log_table[257];
  int power_table[257];

  // Devices by row and bitline: 2j carries g+ of column j, 2j + 1 its g-. How they were made, rule D4:
  int low[ROWS][2*COLUMNS];
  int high[ROWS][2*COLUMNS];
  int up_gain[ROWS][2*COLUMNS];
  int down_gain[ROWS][2*COLUMNS];
  int aging[ROWS][2*COLUMNS];
  bit [31:0] endurance[ROWS][2*COLUMNS];
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

  // The model up to what concerns reads.
  task automatic read_model;
    longint level;
    chip.open("model");
    layer = chip.next_int(0, 1);
    row_tile = chip.next_int(0, 32767);
    first_row = chip.next_int(0, 4095);
    first_column = chip.next_int(0, 2047);
    rows = chip.next_int(1, 4096);
    columns = chip.next_int(1, 2048);
    if (rows > ROWS || columns > COLUMNS) begin
      chip.refuse("describes more rows or columns than the tile has");
      rows = 1;
      columns = 1;
    end
    planes = chip.next_int(1, longint'(PLANES));
    seed = 32'(chip.next(0, MOST_WORD));
    rest = chip.next_int(0, BEYOND / 4);
    full = chip.next_int(0, BEYOND / 4);
    level = chip.next(1, BEYOND / 4);
    if (level != longint'(1) << FRACTION_BITS || longint'(full) - longint'(rest) != longint'(FULL_LEVELS) * level)
      chip.refuse("describes other levels than the tile has");
    limit = 2 * full;
    whole_range = reciprocal(0, full);
    // Unrolled, the reader would be most of the program of a simulator that compiles.
    // verilator unroll_disable
    for (int k = 0; k < TABLES; k++) begin
      used[k] = 0;
      // verilator unroll_disable
      for (int place = 0; place < 17; place++) begin
        knots[k][place] = chip.next_int(0, BEYOND - 1);
        if (knots[k][place] != 0) used[k] = 1;
      end
    end
    cycle_noise = chip.next_int(0, BEYOND - 1);
    cycle_range = chip.next_int(0, BEYOND - 1);
    read_noise = chip.next_int(0, BEYOND - 1);
    slow_base = chip.next_int(0, BEYOND - 1);
  endtask

  task automatic read_time_tables;
    // verilator unroll_disable
    for (int k = 0; k < 257; k++) log_table[k] = chip.next_int(0, 65536);
    // verilator unroll_disable
    for (int k = 0; k < 257; k++) power_table[k] = chip.next_int(0, 65536);
  endtask

  // How the devices were made, and what they hold.
  task automatic read_devices;
    chip.open("chip");
    for (int i = 0; i < rows; i++)
      for (int c = 0; c < 2 * columns; c++) begin
        low[i][c] = chip.next_int(0, longint'(limit));
        high[i][c] = chip.next_int(longint'(low[i][c]), longint'(limit));
        up_gain[i][c] = chip.next_int(-BEYOND, BEYOND - 1);
        down_gain[i][c] = chip.next_int(-BEYOND, BEYOND - 1);
        aging[i][c] = chip.next_int(-BEYOND, BEYOND - 1);
        endurance[i][c] = 32'(chip.next(0, MOST_WORD));
      end
    chip.close();
    chip.open("devices");
    ageings = 32'(chip.next(0, MOST_WORD));
    probes = 32'(chip.next(0, MOST_WORD));
    for (int i = 0; i < rows; i++)
      for (int c = 0; c < 2 * columns; c++) begin
        written[i][c] = chip.next_int(0, longint'(limit));
        pulses[i][c] = 32'(chip.next(0, MOST_WORD));
        idle[i][c] = chip.next(0, MOST_TICKS);
        slow[i][c] = chip.next_int(-BEYOND, BEYOND - 1);
      end
    chip.close();
    given = !chip.failed;
    if (given) for (int i = 0; i < rows; i++) for (int c = 0; c < 2 * columns; c++) conduct(i, c);
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

  // Draws: Threefry-2x32 with 13 rounds, the second word above the first, and near-normal integers made of a word; rules
  // R1, R2 and R5. Arrays are packed and words are bits, as Icarus Verilog 11 needs them.
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
    int total;
    total = int'(word[7:0]) + int'(word[15:8]) + int'(word[23:16]) + int'(word[31:24]) - 510;
    return rounded(longint'(total) * amplitude * 443, 16);
  endfunction

  // Rule D2.
  function automatic bit [31:0] number_of(input int row, input int c);
    return 32'(layer << 24 | (c & 1) << 23 | (first_row + row) << 11 | (first_column + (c >> 1)));
  endfunction

  // Rule D3.
  function automatic longint reciprocal(input int least, input int most);
    return most > least ? (longint'(1) << 28) / (longint'(most) - longint'(least)) : longint'(1) << 28;
  endfunction
  function automatic longint between(input int first, input int second, input longint place);
    return longint'(first) + rounded((longint'(second) - longint'(first)) * place, 8);
  endfunction
  function automatic longint position(input longint value, input int least, input longint factor);
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
    bit [8:0] k;
    longint m;
    u = ticks + 256;
    m = 8;
    while (u >> (m + 1) != 0) m = m + 1;
    u = m < 16 ? u << (16 - m) : u >> (m - 16);
    k = 9'(u[15:8]);
    return ((m - 8) << 16) + between(log_table[k], log_table[k+1], longint'(u[7:0]));
  endfunction

  // Rule D9; without time since the last pulse nothing has drifted.
  function automatic longint drifted(input int row, input int c);
    longint value, x, exponent, y, power;
    bit [8:0] k;
    value = shown(row, c);
    if (idle[row][c] == 0 || !(used[DRIFTS] || used[DRIFT_SPREADS])) return value;
    x = position(value, 0, whole_range);
    exponent = at_position(DRIFTS, x) + rounded(at_position(DRIFT_SPREADS, x) * longint'(aging[row][c]), 8);
    y = exponent < 0 ? 0 : (exponent * log_time(idle[row][c])) >>> 12;
    k = 9'(y[15:8]);
    power = between(power_table[k], power_table[k+1], longint'(y[7:0]));
    return rounded(value * power, 16 + int'(clamped(y >>> 16, 0, 31)));
  endfunction

  // Rule D10.
  task automatic conduct(input int row, input int c);
    conductance[row][c] = int'(clamped(drifted(row, c) + longint'(slow[row][c]), 0, longint'(limit)));
  endtask

  // A pulse on one device; rule D6.
  task automatic pulse(input int row, input int c, input bit raise);
    longint value, step, noise;
    bit [63:0] words;
    value = longint'(written[row][c]);
    step = at_position(raise ? RAISES : LOWERS, position(value, low[row][c], reciprocal(low[row][c], high[row][c])));
    step = rounded(step * (raise ? longint'(up_gain[row][c]) : longint'(down_gain[row][c])), 12);
    noise = 0;
    if (cycle_noise != 0 || cycle_range != 0) begin
      words = draw(seed, PULSE, pulses[row][c], number_of(row, c), 0);
      noise = normal(words[31:0], rounded(step * longint'(cycle_noise), 12));
      noise = noise + normal(words[63:32], longint'(cycle_range));
    end
    value = raise ? value + step + noise : value - step - noise;
    if (pulses[row][c] < endurance[row][c])
      written[row][c] = int'(clamped(value, longint'(low[row][c]), longint'(high[row][c])));
    if (pulses[row][c] != 32'hFFFF_FFFF) pulses[row][c] = pulses[row][c] + 1;
    idle[row][c] = 0;
    slow[row][c] = 0;
    conduct(row, c);
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
    longint value, amplitude;
    bit [63:0] words;
    idle[row][c] = clamped(idle[row][c] + ticks, 0, MOST_TICKS);
    slow[row][c] = 0;
    if (used[SLOWS]) begin
      value = drifted(row, c);
      amplitude = rounded(value * at_position(SLOWS, position(value, 0, whole_range)), 12);
      amplitude = amplitude * root((longint'(slow_base) + ((log_time(idle[row][c]) * 45426) >>> 24)) << 8);
      words = draw(seed, SLOW, ageings, number_of(row, c), 0);
      slow[row][c] = int'(normal(words[31:0], rounded(amplitude, 8)));
    end
    conduct(row, c);
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

`default_nettype wire

// Crossbar tile of ordinary logic, for an FPGA: the ports, the timing and the contract of the macro beside which this
// folder lies, with ideal devices. Their levels lie in block memory. A conversion reads a word of them a cycle, and
// multiplies it by what the rows were driven with: ROW_LANES pairs of each of COLUMN_LANES columns. A column has BLOCKS
// words. The more cycles a conversion, a pulse and the sense flags have, the fewer multipliers there are;
// docs/how-to/fpga.md has the formulas.
//
// It asks for more than the macro does: a conversion and a pulse take at least so many cycles, a row gathers at most so
// much charge, and no pulse comes between `sample` and the end of its conversion. It has no wires that carry a current.
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
    output wire [COLUMNS*CURRENT_BITS-1:0] current,  // tied to 0
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
  // Shape of the memory. A word is read, multiplied, added up, accumulated and made a code in so many cycles.
  localparam int LATENCY = 7;
  localparam int READS = ADC_CYCLES > LATENCY ? ADC_CYCLES - LATENCY : 1;  // words that a conversion has time for
  localparam int COLUMN_LANES = 1 << $clog2((COLUMNS + READS - 1) / READS);
  localparam int GROUPS = (COLUMNS + COLUMN_LANES - 1) / COLUMN_LANES;
  // Sense flags are registered block by block, and a pulse goes through the blocks twice: to move and to sense.
  localparam int BLOCKS_READ = READS / GROUPS;
  localparam int BLOCKS_SENSED = SENSE_CYCLES > 1 ? SENSE_CYCLES - 1 : 1;
  localparam int BLOCKS_PULSED = PULSE_CYCLES > 3 ? (PULSE_CYCLES - 2) / 2 : 1;
  localparam int FEWEST = BLOCKS_SENSED < BLOCKS_PULSED ? BLOCKS_SENSED : BLOCKS_PULSED;
  localparam int AFFORDED = BLOCKS_READ < FEWEST ? BLOCKS_READ : FEWEST;
  localparam int ROW_LANES = (ROWS + AFFORDED - 1) / AFFORDED;
  localparam int BLOCKS = (ROWS + ROW_LANES - 1) / ROW_LANES;
  localparam int PADDED_ROWS = BLOCKS * ROW_LANES;

  localparam int LANE_BITS = $clog2(COLUMN_LANES);
  localparam int GROUP_BITS = GROUPS > 1 ? $clog2(GROUPS) : 1;
  localparam int BLOCK_SHIFT = $clog2(BLOCKS);
  localparam int BLOCK_BITS = BLOCKS > 1 ? BLOCK_SHIFT : 1;
  localparam int WORDS = GROUPS << BLOCK_SHIFT;
  localparam int ADDRESS_BITS = WORDS > 1 ? $clog2(WORDS) : 1;
  localparam int LEVEL_BITS = $clog2(LEVELS);
  localparam int PAIR_BITS = 2 * LEVEL_BITS;  // g+ in the low bits
  localparam int LANE_WIDTH = ROW_LANES * PAIR_BITS;
  localparam int WORD_BITS = COLUMN_LANES * LANE_WIDTH;

  // What a row gathers: twice a full word, or twice what makes a level weigh one code, whichever is more.
  localparam int FULL_WORD_BITS = (1 << PLANE_BITS) > ADC_SHIFT + 1 ? 1 << PLANE_BITS : ADC_SHIFT + 1;
  localparam int CHARGE_BITS = FULL_WORD_BITS + 2;
  localparam int FULL = REFERENCE == 0 ? LEVELS - 1 : 2 * REFERENCE;

  // Before its first reset, when the flip-flops that drive its pins hold anything, the tile is as in reset.
  reg clocked, powered_up;
  initial {clocked, powered_up} = 0;
  always @(posedge clk) begin
    clocked <= 1;
    if (clocked && reset) powered_up <= 1;
  end
  wire off = reset || !powered_up;
  // What is cleared while `off` needs only `reset` at its pin, which makes the paths behind the pins shorter.

  // Devices, twice: conversions read one copy, pulses and sense flags the other. No reset touches them. Where a word is
  // read and written in one cycle, nothing takes what is read.
  (* no_rw_check *) reg [WORD_BITS-1:0] converted_levels[WORDS];
  (* no_rw_check *) reg [WORD_BITS-1:0] programmed_levels[WORDS];
  reg [WORD_BITS-1:0] converted_word, programmed_word;

  // A pulse moves the words of its column one after the other: read in one cycle, written in the next.
  localparam int PULSE_BITS = $clog2(PULSE_CYCLES + 1);
  reg [PULSE_BITS-1:0] pulsing;
  reg pulses, moving, storing;  // `pulses`: `pulsing` is not 0
  reg [BLOCK_BITS-1:0] moved_block, stored_block;
  reg [COLUMN_BITS-1:0] pulsed_column;
  reg [ROWS-1:0] pulsed_up, pulsed_down, pulsed_side;
  wire launch = pulse && !off && !pulses;
  initial {pulsing, moving, storing, pulses} = 0;
  always @(posedge clk) begin
    storing <= moving;
    stored_block <= moved_block;
    if (launch) begin
      pulsing <= PULSE_BITS'(PULSE_CYCLES);
      {pulses, moving} <= 2'b11;
      moved_block <= 0;
      pulsed_column <= column;
      pulsed_up <= up;
      pulsed_down <= down;
      pulsed_side <= side;
    end else begin
      {pulses, pulsing} <= pulses ? {pulsing != 1, pulsing - 1'b1} : '0;
      moved_block <= moved_block + 1'b1;
      if (moved_block == BLOCK_BITS'(BLOCKS - 1)) moving <= 0;
    end
  end
  assign busy = pulses && !reset;

  function automatic logic [ADDRESS_BITS-1:0] address_of(input int group, input int block);
    address_of = ADDRESS_BITS'(group << BLOCK_SHIFT | block);
  endfunction

  function automatic logic [LEVEL_BITS-1:0] moved(
      input logic [LEVEL_BITS-1:0] level, input logic raise, input logic lower
  );
    moved = raise && level != LEVEL_BITS'(LEVELS - 1) ? level + 1'b1 : lower && level != 0 ? level - 1'b1 : level;
  endfunction

  // Without a pulse the blocks of the selected column are read in turn.
  reg [BLOCK_BITS-1:0] scanned_block, sensed_block;
  reg sensed;  // the word is one of the selected column
  reg [COLUMN_BITS-1:0] sensed_column;
  initial scanned_block = 0;
  always @(posedge clk) begin
    scanned_block <= scanned_block == BLOCK_BITS'(BLOCKS - 1) ? '0 : scanned_block + 1'b1;
    sensed_block <= scanned_block;
    sensed_column <= moving ? pulsed_column : column;
    sensed <= !moving;
  end
  wire [ADDRESS_BITS-1:0] programmed_address = moving ?
      address_of(int'(pulsed_column) >> LANE_BITS, int'(moved_block)) :
      address_of(int'(column) >> LANE_BITS, int'(scanned_block));
  wire [ADDRESS_BITS-1:0] stored_address = address_of(int'(pulsed_column) >> LANE_BITS, int'(stored_block));

  wire [PADDED_ROWS-1:0] padded_up = PADDED_ROWS'(pulsed_up);
  wire [PADDED_ROWS-1:0] padded_down = PADDED_ROWS'(pulsed_down);
  wire [PADDED_ROWS-1:0] padded_side = PADDED_ROWS'(pulsed_side);
  // Slices are chosen by comparing, because synthesis would make a shifter of an index that is multiplied.
  logic [LANE_WIDTH-1:0] sensed_lane;
  logic [ROW_LANES-1:0] up_lanes, down_lanes, side_lanes;
  integer slice;
  always_comb begin
    {sensed_lane, up_lanes, down_lanes, side_lanes} = '0;
    for (slice = 0; slice < COLUMN_LANES; slice = slice + 1)
      if (int'(sensed_column) % COLUMN_LANES == slice) sensed_lane = programmed_word[slice*LANE_WIDTH+:LANE_WIDTH];
    for (slice = 0; slice < BLOCKS; slice = slice + 1)
      if (int'(stored_block) == slice) begin
        up_lanes = padded_up[slice*ROW_LANES+:ROW_LANES];
        down_lanes = padded_down[slice*ROW_LANES+:ROW_LANES];
        side_lanes = padded_side[slice*ROW_LANES+:ROW_LANES];
      end
  end
  wire [LANE_WIDTH-1:0] moved_lane;
  wire [ROW_LANES-1:0] pos_rests, pos_fulls, neg_rests, neg_fulls;
  genvar k;
  generate
    for (k = 0; k < ROW_LANES; k = k + 1) begin : g_pair
      wire [LEVEL_BITS-1:0] positive = sensed_lane[k*PAIR_BITS+:LEVEL_BITS];
      wire [LEVEL_BITS-1:0] negative = sensed_lane[k*PAIR_BITS+LEVEL_BITS+:LEVEL_BITS];
      assign moved_lane[k*PAIR_BITS+:PAIR_BITS] = {
        moved(negative, up_lanes[k] && side_lanes[k], down_lanes[k] && side_lanes[k]),
        moved(positive, up_lanes[k] && !side_lanes[k], down_lanes[k] && !side_lanes[k])
      };
      assign pos_rests[k] = positive == 0;
      assign pos_fulls[k] = positive >= LEVEL_BITS'(FULL);
      assign neg_rests[k] = negative == 0;
      assign neg_fulls[k] = negative >= LEVEL_BITS'(FULL);
    end
  endgenerate

  integer lane;
  always @(posedge clk) begin
    if (storing)
      for (lane = 0; lane < COLUMN_LANES; lane = lane + 1)
        if (int'(pulsed_column) % COLUMN_LANES == lane) begin
          converted_levels[stored_address][lane*LANE_WIDTH+:LANE_WIDTH] <= moved_lane;
          programmed_levels[stored_address][lane*LANE_WIDTH+:LANE_WIDTH] <= moved_lane;
        end
    programmed_word <= programmed_levels[programmed_address];
    converted_word <= converted_levels[converted_address];
  end

  // Sense flags: of one block straight from the memory's register, of several from a register each.
  wire [PADDED_ROWS-1:0] at_pos_rest, at_pos_full, at_neg_rest, at_neg_full;
  genvar block;
  generate
    for (block = 0; block < BLOCKS; block = block + 1) begin : g_block
      localparam int FIRST = block * ROW_LANES;
      reg [4*ROW_LANES-1:0] flags;
      wire [4*ROW_LANES-1:0] now = {pos_rests, pos_fulls, neg_rests, neg_fulls};
      always @(posedge clk) if (sensed && sensed_block == BLOCK_BITS'(block)) flags <= now;
      assign {at_pos_rest[FIRST+:ROW_LANES], at_pos_full[FIRST+:ROW_LANES], at_neg_rest[FIRST+:ROW_LANES],
              at_neg_full[FIRST+:ROW_LANES]} = BLOCKS == 1 ? now : flags;
    end
  endgenerate
  assign pos_rest = off ? '0 : at_pos_rest[ROWS-1:0];
  assign pos_full = off ? '0 : at_pos_full[ROWS-1:0];
  assign neg_rest = off ? '0 : at_neg_rest[ROWS-1:0];
  assign neg_full = off ? '0 : at_neg_full[ROWS-1:0];

  // What the rows were driven with, as it is held for the converter.
  localparam int CHARGES_BITS = PADDED_ROWS * CHARGE_BITS, READ_BITS = ROW_LANES * CHARGE_BITS;
  wire [ROWS*CHARGE_BITS-1:0] held_rows;
  wire [CHARGES_BITS-1:0] padded_rows = CHARGES_BITS'(held_rows);
  remora_row_charges #(
      .ROWS(ROWS),
      .PLANE_BITS(PLANE_BITS),
      .INTEGRATORS(INTEGRATORS),
      .CHARGE_BITS(CHARGE_BITS),
      .NAME(NAME)
  ) charges_of_rows (
      .clk(clk),
      .off(off),
      .wl_pos(wl_pos),
      .wl_neg(wl_neg),
      .plane(plane),
      .integrate(integrate),
      .integrator(integrator),
      .sample(sample),
      .held(held_rows)
  );

  // Convert: a word of the memory a cycle, block by block of one group of columns after the other; rules X3 and X4.
  localparam int CONVERT_BITS = $clog2(ADC_CYCLES + 1);
  reg [CONVERT_BITS-1:0] converting;  // cycles left
  reg valid_r, reading;
  reg [GROUP_BITS-1:0] read_group;
  reg [BLOCK_BITS-1:0] read_block;
  wire last_block = read_block == BLOCK_BITS'(BLOCKS - 1);
  wire [ADDRESS_BITS-1:0] converted_address = address_of(int'(read_group), int'(read_block));
  // Of each stage: there is a word, the first of its columns, the last.
  reg [4:1] present, first, last;
  initial {converting, valid_r, reading, present, first, last} = 0;
  always @(posedge clk) begin
    if (off) begin
      {valid_r, reading} <= 0;
      converting <= 0;
      present <= 0;
    end else begin
      valid_r <= converting == 1;
      if (convert) converting <= CONVERT_BITS'(ADC_CYCLES - 1);
      else if (converting != 0) converting <= converting - 1'b1;
      if (convert) begin
        reading <= 1;
        read_group <= 0;
        read_block <= 0;
      end else if (reading) begin
        read_block <= last_block ? '0 : read_block + 1'b1;
        if (last_block) read_group <= read_group + 1'b1;
        if (last_block && read_group == GROUP_BITS'(GROUPS - 1)) reading <= 0;
      end
      present <= {present[3:1], reading};
    end
    first <= {first[3:1], read_block == 0};
    last <= {last[3:1], last_block};
  end

  reg [READ_BITS-1:0] read_charges, charges;
  integer part;
  always @(posedge clk) begin
    for (part = 0; part < BLOCKS; part = part + 1)
      if (int'(read_block) == part) read_charges <= padded_rows[part*READ_BITS+:READ_BITS];
    charges <= read_charges;
  end

  wire [COLUMN_LANES*ADC_BITS-1:0] group_codes;
  genvar across;
  generate
    for (across = 0; across < COLUMN_LANES; across = across + 1) begin : g_column
      remora_column_code #(
          .ROW_LANES(ROW_LANES),
          .BLOCKS(BLOCKS),
          .LEVEL_BITS(LEVEL_BITS),
          .CHARGE_BITS(CHARGE_BITS),
          .ADC_BITS(ADC_BITS),
          .ADC_SHIFT(ADC_SHIFT)
      ) column_code (
          .clk(clk),
          .levels(converted_word[across*LANE_WIDTH+:LANE_WIDTH]),
          .charges(charges),
          .add(present[4]),
          .first(first[4]),
          .code(group_codes[across*ADC_BITS+:ADC_BITS])
      );
    end
  endgenerate

  // Codes gather beside those of the conversion before, which hold until this one ends.
  localparam int GROUP_CODE_BITS = COLUMN_LANES * ADC_BITS, GATHERED_BITS = GROUPS * GROUP_CODE_BITS;
  reg totalled;
  reg [GATHERED_BITS-1:0] gathered_codes;
  reg [COLUMNS*ADC_BITS-1:0] code_r;
  initial {totalled, code_r} = 0;
  always @(posedge clk) begin
    totalled <= present[4] && last[4] && !off;
    if (totalled) gathered_codes <= GATHERED_BITS'({group_codes, gathered_codes} >> GROUP_CODE_BITS);
    if (off) code_r <= 0;
    else if (converting == 1) code_r <= gathered_codes[COLUMNS*ADC_BITS-1:0];
  end
  assign code = code_r;
  assign valid = valid_r && !reset;
  assign current = '0;

`ifdef SYNTHESIS
`ifdef REMORA_WORDS
  // The words of the memory by file, as `remora fpga` writes them; REMORA_WORDS is the folder.
  initial begin
    $readmemh({`REMORA_WORDS, "/", NAME, ".words"}, converted_levels);
    $readmemh({`REMORA_WORDS, "/", NAME, ".words"}, programmed_levels);
  end
`endif
`else
  // Simulation: memory image, devices at the end, and what this tile asks for beyond the contract.
  remora_image #(
      .WORDS(ROWS * COLUMNS),
      .DIGITS(4),
      .LIMIT(REFERENCE == 0 ? LEVELS - 1 : REFERENCE),
      .NAME(NAME)
  ) image ();
  bit given;
  int levels;
  logic [WORD_BITS-1:0] initial_words[WORDS];
  function automatic int word_of(input int of_row, input int of_column);
    return int'(address_of(of_column / COLUMN_LANES, of_row / ROW_LANES));
  endfunction
  function automatic int first_bit(input int of_row, input int of_column);
    return (of_column % COLUMN_LANES * ROW_LANES + of_row % ROW_LANES) * PAIR_BITS;
  endfunction
  initial begin
    if (ADC_CYCLES <= LATENCY || PULSE_CYCLES < 3)
      $fatal(1, "%s: a conversion takes %0d cycles at least, and a pulse 3", NAME, LATENCY + 1);
    for (int word = 0; word < WORDS; word++) initial_words[word] = '0;
    levels = 0;
    image.open(given);
    // verilator unroll_disable
    for (int n = 0; n < ROWS * COLUMNS; n++) begin
      if (given) image.read(levels);
      initial_words[word_of(n / COLUMNS, n % COLUMNS)][first_bit(n / COLUMNS, n % COLUMNS)+:PAIR_BITS] = {
        LEVEL_BITS'(REFERENCE != 0 ? REFERENCE : levels < 0 ? -levels : 0),
        LEVEL_BITS'(REFERENCE != 0 ? REFERENCE + levels : levels > 0 ? levels : 0)
      };
    end
    if (given) image.close;
    for (int word = 0; word < WORDS; word++) begin
      converted_levels[word] = initial_words[word];
      programmed_levels[word] = initial_words[word];
    end
  end

  string folder, path;
  int file, device;
  logic [WORD_BITS-1:0] kept;
  logic [PAIR_BITS-1:0] pair;
  localparam int STEP = 1 << FRACTION_BITS;  // one level
  final
    if ($value$plusargs("remora_devices=%s", folder)) begin
      $sformat(path, "%0s/%0s.devices", folder, NAME);
      file = $fopen(path, "w");
      if (file == 0) $fatal(1, "%s: %0s cannot be written; +remora_devices names its folder", NAME, path);
      // verilator unroll_disable
      for (device = 0; device < ROWS * COLUMNS; device++) begin
        kept = programmed_levels[word_of(device/COLUMNS, device%COLUMNS)];
        pair = kept[first_bit(device/COLUMNS, device%COLUMNS)+:PAIR_BITS];
        $fdisplay(file, "%0d %0d", pair[LEVEL_BITS-1:0] * STEP, pair[PAIR_BITS-1:LEVEL_BITS] * STEP);
      end
      $fclose(file);
    end

  bit unconverted;  // a sample
  initial unconverted = 0;
  always @(posedge clk) begin
    if (!off && pulse && (unconverted || sample)) $fatal(1, "%s: pulse between sample and the codes", NAME);
    if (off) unconverted <= 0;
    else if (sample || converting == 1) unconverted <= sample;
  end
`endif
endmodule

`default_nettype wire

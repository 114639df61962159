// BMRU core, a whole FQ-BMRU network in current mode: behavioural model, for simulation only.
//
// Layers of current mirrors, ReLU diodes, bistable cells with hysteresis, and a skip on two rails, programmed over a
// scan chain. All currents are integers in picoamperes, so that numpy reproduces them exactly. The signals, their domains
// and timing are tabled in docs/reference/bmru.md; the synthesis blackbox beside this file has the same ports.
`timescale 1ns / 1ps
`default_nettype none

module remora_bmru_core #(
    parameter int FEATURES = 13,
    parameter int WIDTH = 4,
    parameter int BLOCKS = 2,
    parameter int CLASSES = 2,
    parameter int CLASS_BITS = 1,
    parameter int FEATURE_BITS = 10,
    parameter int FEATURE_STEP_PA = 10,
    parameter int RATIO_BITS = 8,
    parameter int RATIO_FRACTION = 5,
    parameter int BIAS_BITS = 10,
    parameter int BIAS_STEP_PA = 10,
    parameter int NODE_BITS = 18,
    parameter int LEAKAGE_PA = 5,
    parameter int SETTLE_FACTOR = 3,
    parameter int SETTLE_SHIFT = 2,
    parameter int HOLD_CYCLES = 292,
    parameter int CHARGE_BITS = 48,
    parameter int MISMATCH = 0,  // rms, in 1/1024; 0 is ideal
    parameter int BIAS_ERROR = 0,  // rms, in 1/1024; 0 is ideal
    parameter int NOISE_PA = 0,  // rms; 0 is ideal
    parameter [31:0] SEED = 1
) (
    input wire clk,
    input wire reset,
    // Scan chain
    input wire scan_enable,
    input wire scan_in,
    output wire scan_out,
    input wire scan_capture,
    input wire scan_latch,
    // Frame
    input wire [FEATURES*FEATURE_BITS-1:0] feature,
    input wire clear,
    input wire settle,
    input wire [BLOCKS-1:0] evaluate,
    input wire sample,
    output wire [BLOCKS*WIDTH-1:0] state,
    output wire [CLASS_BITS-1:0] winner,
    output wire valid,
    // Meter
    output wire [CHARGE_BITS-1:0] charge
);
  localparam int MATCHING_BITS = 10;
  localparam int SHIFT = RATIO_FRACTION + MATCHING_BITS;
  localparam int LIMIT = (1 << NODE_BITS) - 1;
  localparam int MIRRORS = WIDTH * FEATURES + 2 * BLOCKS * WIDTH * WIDTH + CLASSES * WIDTH;
  localparam int BIASES = WIDTH * (1 + 2 * BLOCKS) + CLASSES;
  localparam int CHAIN = MIRRORS * (RATIO_BITS + 1) + BIASES * (BIAS_BITS + 1) + 3 * BLOCKS * WIDTH * BIAS_BITS;

  localparam bit [31:0] MIRROR_MISMATCH = 16, BIAS_ERRORS = 17, FRAME_NOISE = 18;  // purposes of the draws

  // At the first edge the reset has not come where the simulation begins with its pin low, and registers are random.
  bit powered_up;
  initial powered_up = 0;
  always @(posedge clk) powered_up <= 1;
  wire off = reset || !powered_up;

  // Scan chain: bit 0 leaves first. No reset touches it, nor the latches, which are unpacked into devices below
  // by rules A2 and A3. In reset no strobe acts.
  logic [CHAIN-1:0] chain;
  logic [CHAIN-1:0] latches;
  bit programmed;  // the latches were written since power-up
  assign scan_out = chain[0];
  always @(posedge clk)
    if (!off) begin
      if (scan_capture) chain <= latches;
      else if (scan_enable) chain <= {scan_in, chain[CHAIN-1:1]};
    end

  // Draws: Threefry-2x32 with 13 rounds, first word, and near-normal integers made of it; rules R1, R2
  // and R5.
  // Arrays are packed and words are bits: Icarus Verilog 11 knows neither constant arrays nor `int unsigned`.
  localparam bit [39:0] ROTATIONS = {5'd24, 5'd16, 5'd29, 5'd17, 5'd6, 5'd26, 5'd15, 5'd13};

  function automatic bit [31:0] draw(input bit [31:0] purpose, input bit [31:0] number, input bit [31:0] index,
                                     input bit [31:0] lane);
    bit [2:0][31:0] key;
    bit [31:0] x0, x1, injection;
    bit [5:0] rotation;
    key[0] = SEED;
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
    return x0;
  endfunction

  function automatic int normal(input bit [31:0] word, input int amplitude);
    int total;
    total = int'(word[7:0]) + int'(word[15:8]) + int'(word[23:16]) + int'(word[31:24]) - 510;
    return (total * amplitude * 443 + 32768) >>> 16;
  endfunction

  // Layers: 0 is the input layer, 1 + 2b the first and 2 + 2b the second of block b, the last one the output layer. Of
  // each, devices are signed ratios in 2^-SHIFT by output, input and rail of the input; `drawn` is what all devices of
  // an input rail draw together, in the same unit; biases are in pA. Rules A5 and A6.
  localparam int LAYERS = 2 + 2 * BLOCKS;
  localparam int INPUTS = FEATURES > WIDTH ? FEATURES : WIDTH;
  localparam int OUTPUTS = CLASSES > WIDTH ? CLASSES : WIDTH;
  int device[LAYERS][OUTPUTS][INPUTS][2];
  longint drawn[LAYERS][INPUTS][2];
  int bias_pa[LAYERS][OUTPUTS];
  int threshold[BLOCKS][WIDTH];
  int low[BLOCKS][WIDTH];  // threshold less hysteresis
  int gain[BLOCKS][WIDTH];
  longint static_current;  // of all bias sources

  function automatic longint rounded(input longint value, input int count);
    return count == 0 ? value : (value + (longint'(1) << (count - 1))) >>> count;
  endfunction
  function automatic int limited(input longint value);
    return value > longint'(LIMIT) ? LIMIT : value < -longint'(LIMIT) ? -LIMIT : int'(value);
  endfunction
  function automatic int diode(input int current);
    return current < 0 ? 0 : current;
  endfunction
  function automatic int magnitude(input int current);
    return current < 0 ? -current : current;
  endfunction
  // Unpacking walks along the chain, element by element.
  int cursor, element;

  function automatic int mirror(input int rail);
    int ratio;
    ratio = (1 << MATCHING_BITS) + normal(draw(MIRROR_MISMATCH, 0, element, rail), MISMATCH);
    ratio = ratio * int'(latches[cursor+:RATIO_BITS]);
    return latches[cursor+RATIO_BITS] ? -ratio : ratio;
  endfunction

  function automatic int bias(input bit has_rail);
    int ratio, current;
    ratio = (1 << MATCHING_BITS) + normal(draw(BIAS_ERRORS, 0, element, 0), BIAS_ERROR);
    current = int'(rounded(longint'(latches[cursor+:BIAS_BITS]) * longint'(BIAS_STEP_PA * ratio), MATCHING_BITS));
    static_current = static_current + longint'(current);
    if (has_rail && latches[cursor+BIAS_BITS]) current = -current;
    cursor = cursor + BIAS_BITS + (has_rail ? 1 : 0);
    element = element + 1;
    return current;
  endfunction

  // Tasks, since Icarus Verilog 11 elaborates functions without a result in the order of their names.
  task automatic program_layer(input int l, input int outputs, input int inputs);
    for (int i = 0; i < inputs; i++) for (int r = 0; r < 2; r++) drawn[l][i][r] = 0;
    for (int j = 0; j < outputs; j++)
      for (int i = 0; i < inputs; i++) begin
        for (int r = 0; r < 2; r++) begin
          device[l][j][i][r] = mirror(r);
          drawn[l][i][r] = drawn[l][i][r] + longint'(magnitude(device[l][j][i][r]));
        end
        cursor = cursor + RATIO_BITS + 1;
        element = element + 1;
      end
    for (int j = 0; j < outputs; j++) bias_pa[l][j] = bias(1);
  endtask

  task automatic program_devices;
    {cursor, element, static_current} = '0;
    program_layer(0, WIDTH, FEATURES);
    for (int b = 0; b < BLOCKS; b++) begin
      program_layer(1 + 2 * b, WIDTH, WIDTH);
      for (int j = 0; j < WIDTH; j++) threshold[b][j] = bias(0);
      for (int j = 0; j < WIDTH; j++) low[b][j] = threshold[b][j] - bias(0);
      for (int j = 0; j < WIDTH; j++) gain[b][j] = bias(0);
      program_layer(2 + 2 * b, WIDTH, WIDTH);
    end
    program_layer(LAYERS - 1, CLASSES, WIDTH);
  endtask

  always @(posedge clk)
    if (scan_latch && !off) begin
      latches = chain;
      programmed = 1;
      program_devices();
    end

  // Currents in pA of the nodes of each layer, and of the skip after the input layer and after each block. They are
  // before the diodes.
  int node[LAYERS][OUTPUTS];
  int skip[BLOCKS+1][WIDTH];
  bit is_set[BLOCKS][WIDTH];
  int noise[LAYERS][OUTPUTS];
  bit [31:0] frame;  // number of the frame at hand
  bit frame_started;  // and its noise is drawn
  longint supply;  // of the last settle cycle
  int source[INPUTS];  // what the mirrors of the layer at hand copy; negative on the negative rail

  // Rule A16.
  task automatic draw_noise;
    for (int l = 0; l < LAYERS; l++)
      for (int j = 0; j < (l == LAYERS - 1 ? CLASSES : WIDTH); j++)
        noise[l][j] = normal(draw(FRAME_NOISE, frame, l * WIDTH + j, 0), NOISE_PA);
  endtask

  // One cycle of settling of a layer, whose mirrors copy `source`. Rules A8 to A10 and A18.
  task automatic settle_layer(input int l, input int outputs, input int inputs);
    longint sum;
    int target;
    sum = 0;
    for (int i = 0; i < inputs; i++) sum = sum + drawn[l][i][source[i]<0?1 : 0] * longint'(magnitude(source[i]));
    supply = supply + rounded(sum, SHIFT);
    for (int j = 0; j < outputs; j++) begin
      sum = longint'(bias_pa[l][j]) <<< SHIFT;
      for (int i = 0; i < inputs; i++) sum = sum + longint'(device[l][j][i][source[i]<0?1 : 0]) * longint'(source[i]);
      target = limited(rounded(sum, SHIFT) + longint'(noise[l][j]));
      node[l][j] = node[l][j] + int'(rounded((longint'(target) - longint'(node[l][j])) * SETTLE_FACTOR, SETTLE_SHIFT));
    end
  endtask

  task automatic settle_input;
    for (int i = 0; i < FEATURES; i++) begin
      source[i] = int'($signed(feature[i*FEATURE_BITS+:FEATURE_BITS])) * FEATURE_STEP_PA;
      supply = supply + longint'(magnitude(source[i]));
    end
    settle_layer(0, WIDTH, FEATURES);
    for (int j = 0; j < WIDTH; j++) begin
      skip[0][j] = node[0][j];
      supply = supply + longint'(magnitude(skip[0][j]));
    end
  endtask

  // Rules A11, A12 and A18.
  task automatic settle_block(input int b);
    for (int i = 0; i < WIDTH; i++) begin
      source[i] = diode(skip[b][i]);
      supply = supply + longint'(magnitude(skip[b][i]));
    end
    settle_layer(1 + 2 * b, WIDTH, WIDTH);
    for (int i = 0; i < WIDTH; i++) begin
      source[i] = is_set[b][i] ? gain[b][i] : LEAKAGE_PA;
      supply = supply + longint'(source[i]);
    end
    settle_layer(2 + 2 * b, WIDTH, WIDTH);
    for (int j = 0; j < WIDTH; j++) begin
      int raised = diode(node[2+2*b][j]);
      skip[b+1][j] = limited(longint'(skip[b][j]) + longint'(raised));
      supply = supply + longint'(diode(node[1+2*b][j])) + longint'(raised) + longint'(magnitude(skip[b+1][j]));
    end
  endtask

  task automatic settle_output;
    for (int i = 0; i < WIDTH; i++) source[i] = skip[BLOCKS][i];
    settle_layer(LAYERS - 1, CLASSES, WIDTH);
    for (int k = 0; k < CLASSES; k++) supply = supply + longint'(magnitude(node[LAYERS-1][k]));
  endtask

  task automatic settle_cycle;
    if (!frame_started) draw_noise();
    frame_started = 1;
    supply = static_current;
    settle_input();
    for (int b = 0; b < BLOCKS; b++) settle_block(b);
    settle_output();
  endtask

  // Rule A13.
  task automatic decide(input int b);
    for (int j = 0; j < WIDTH; j++) begin
      int current = diode(node[1+2*b][j]);
      if (current >= threshold[b][j]) is_set[b][j] = 1;
      else if (current <= low[b][j]) is_set[b][j] = 0;
    end
  endtask

  // Rule A15.
  task automatic unpower;
    for (int l = 0; l < LAYERS; l++) for (int j = 0; j < OUTPUTS; j++) node[l][j] = 0;
    for (int b = 0; b < BLOCKS; b++) for (int j = 0; j < WIDTH; j++) is_set[b][j] = 0;
  endtask

  // Sampled outputs.
  logic [BLOCKS*WIDTH-1:0] state_r;
  logic [CLASS_BITS-1:0] winner_r;
  logic valid_r;
  logic [CHARGE_BITS-1:0] charge_r;
  // For monitors: currents of the cells' inputs and of the outputs, features and number of the sampled frame.
  logic [BLOCKS*WIDTH*32-1:0] sampled_candidate;
  logic [CLASSES*32-1:0] sampled_output;
  logic [FEATURES*FEATURE_BITS-1:0] sampled_feature;
  logic [31:0] sampled_frame;

  // Rule A17.
  function automatic logic [CLASS_BITS-1:0] largest();
    int best;
    best = 0;
    for (int k = 1; k < CLASSES; k++) if (node[LAYERS-1][k] > node[LAYERS-1][best]) best = k;
    return CLASS_BITS'(best);
  endfunction

  initial begin
    unpower();
    frame = 0;
    frame_started = 0;
    programmed = 0;
  end

  always @(posedge clk) begin
    valid_r <= 0;
    if (off) begin
      unpower();
      frame = 0;
      frame_started = 0;
      state_r <= 0;
      winner_r <= 0;
      charge_r <= 0;
    end else begin
      if (clear) unpower();
      if (settle) begin
        settle_cycle();
        for (int b = 0; b < BLOCKS; b++) if (evaluate[b]) decide(b);
        // Rule A19.
        charge_r <= charge_r + CHARGE_BITS'(supply * (sample ? longint'(HOLD_CYCLES) + 1 : 1));
        if (sample) begin
          for (int b = 0; b < BLOCKS; b++)
            for (int j = 0; j < WIDTH; j++) begin
              state_r[b*WIDTH+j] <= is_set[b][j];
              sampled_candidate[(b*WIDTH+j)*32+:32] <= node[1+2*b][j];
            end
          for (int k = 0; k < CLASSES; k++) sampled_output[k*32+:32] <= node[LAYERS-1][k];
          sampled_feature <= feature;
          sampled_frame <= frame;
          winner_r <= largest();
          valid_r <= 1;
          frame = frame + 1;
          frame_started = 0;
        end
      end
    end
  end
  assign state = reset ? '0 : state_r;
  assign winner = reset ? '0 : winner_r;
  assign valid = valid_r && !reset;
  assign charge = charge_r;

  // The contract of the macro's user; a violation ends the simulation.
  always @(posedge clk) begin
    if (!off) begin
      if (int'(scan_enable) + int'(scan_capture) + int'(scan_latch) > 1)
        $fatal(1, "%m: two strobes of the scan chain at once");
      if (settle && !programmed) $fatal(1, "%m: settle before codes were latched");
      if ((evaluate != 0 || sample) && !settle) $fatal(1, "%m: evaluate or sample without settle");
      if (clear && settle) $fatal(1, "%m: clear while settling");
      if (scan_latch && settle) $fatal(1, "%m: latch while settling");
      if (settle)
        for (int i = 0; i < FEATURES; i++)
          if (feature[i*FEATURE_BITS+:FEATURE_BITS] == {1'b1, {(FEATURE_BITS - 1) {1'b0}}})
            $fatal(1, "%m: feature %0d is the most negative number", i);
    end
  end
endmodule

`default_nettype wire

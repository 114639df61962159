// The sequence buffer keeps each good packet once, as it came and in order, and drops every other one once, under its
// lowest cause. One packet is followed, which may be any, and of it a byte, which may be any.
`default_nettype none

module sequences_rules #(
    parameter FEATURES = 1,
    parameter MOST_STEPS = 2,
    parameter CLASSES = 1,
    parameter BANKS = 2,
    parameter BANK_BITS = 1,
    parameter STEP_BITS = 1,
    parameter LENGTH_BITS = 2,
    parameter CYCLES = 6,  // from the end of a packet until its sequence is there, or its drop is told
    parameter GIVEN = 0  // only `legal` is made
) (
    input wire clk,
    input wire rst,
    input wire follow,  // the packet that begins
    input wire [STEP_BITS-1:0] looked_at,  // step of the byte; the same for ever
    input wire [1:0] place,  // of the byte in the step; the same for ever
    input wire [31:0] tdata,
    input wire [3:0] tkeep,
    input wire tlast,
    input wire tvalid,
    input wire tready,
    input wire abort,
    input wire [4:0] dropped,
    input wire available,
    input wire [BANK_BITS-1:0] bank,
    input wire [LENGTH_BITS-1:0] length,
    input wire [7:0] flags,
    input wire take,
    input wire [BANK_BITS-1:0] header_bank,
    input wire [LENGTH_BITS-1:0] header_length,
    input wire [31:0] header,  // tag, flags and label of the bank
    input wire free,
    input wire read,
    input wire [BANK_BITS-1:0] read_bank,
    input wire [STEP_BITS-1:0] read_step,
    input wire [8*FEATURES-1:0] features,
    output wire legal  // what the user of the sequences does may be so
);
  // The packet that is received, beat by beat.
  reg body = 0, framing, aborted, followed = 0;
  reg [31:0] head;
  reg [LENGTH_BITS:0] steps;
  reg [2:0] rest;  // bytes of the step that has begun
  wire passes = tvalid && tready;
  wire whole = tkeep == 15;
  wire partial = tkeep == 1 || tkeep == 3 || tkeep == 7;
  wire [2:0] carried = whole ? 4 : tkeep == 7 ? 3 : tkeep == 3 ? 2 : 1;
  wire [4:0] bytes = body ? rest + carried : 0;
  wire [4:0] more = (body ? steps : 0) + bytes / FEATURES;
  wire [LENGTH_BITS:0] next_steps = more > MOST_STEPS ? MOST_STEPS + 1 : more;
  wire [2:0] next_rest = bytes % FEATURES;
  wire next_framing = body ? framing || !(whole || (tlast && partial)) : !whole;
  wire [31:0] next_head = body ? head : tdata;
  wire next_aborted = abort || (body && aborted);
  wire next_followed = body ? followed : follow && place < FEATURES && looked_at < MOST_STEPS && !held && !comes;
  always @(posedge clk)
    if (rst) begin
      body <= 0;
      followed <= 0;
    end else begin
      if (passes) begin
        body <= !tlast;
        framing <= next_framing;
        head <= next_head;
        steps <= next_steps;
        rest <= next_rest;
        followed <= next_followed && !tlast;
      end
      if (passes || abort) aborted <= next_aborted;
    end

  // What becomes of it.
  wire [4:0] causes;
  assign causes[0] = next_framing;
  assign causes[1] = !next_head[17] || next_head[16];
  assign causes[2] = next_head[18] && next_head[15:0] >= CLASSES;
  assign causes[3] = next_rest != 0 || next_steps == 0;
  assign causes[4] = next_steps > MOST_STEPS;
  wire ends = passes && tlast;
  wire good = ends && !next_aborted && causes == 0;
  wire bad = ends && !next_aborted && causes != 0;
  reg [4:0] due = 0;  // the cause of a drop that was not told yet
  reg [3:0] pending = 0, missing = 0;
  reg [2:0] waiting = 0;  // sequences that were received and not taken
  always @(posedge clk)
    if (rst) begin
      due <= 0;
      pending <= 0;
      missing <= 0;
      waiting <= 0;
    end else begin
      if (bad) due <= causes & (~causes + 1);
      else if (abort || dropped != 0) due <= 0;
      pending <= due == 0 || abort ? 0 : pending + 1;
      waiting <= abort ? 0 : waiting + good - take;
      missing <= waiting == 0 || available || abort ? 0 : missing + 1;
    end

  // The packet that is followed, and its byte.
  reg comes = 0, held = 0;  // it has been received, and then taken
  reg [2:0] ahead;
  reg [31:0] its_head;
  reg [LENGTH_BITS-1:0] its_length;
  reg [BANK_BITS-1:0] its_bank;
  reg [7:0] value;
  wire [7:0] at = looked_at * FEATURES + place;
  wire [7:0] before = steps * FEATURES + rest;
  wire here = body && next_followed && at >= before && at < before + carried;
  wire taken = comes && take && ahead == 0;
  reg [BANKS-1:0] out = 0;  // banks that were taken
  reg was_read = 0;
  always @(posedge clk) begin
    if (passes && here) value <= tdata >> 8 * (at - before);
    if (rst || abort) begin
      comes <= 0;
      held <= 0;
      out <= 0;
    end else begin
      if (good && next_followed) begin
        comes <= 1;
        ahead <= waiting - take;
        its_head <= next_head;
        its_length <= next_steps;
      end else if (comes && take) ahead <= ahead - 1;
      if (taken) begin
        comes <= 0;
        held <= 1;
        its_bank <= bank;
      end
      if (held && free && header_bank == its_bank) held <= 0;
      if (take) out[bank] <= 1;
      if (free) out[header_bank] <= 0;
    end
    was_read <= !rst && held && read && read_bank == its_bank && read_step == looked_at && looked_at < its_length;
  end
  wire [BANKS-1:0] freed = out >> header_bank, again = out >> bank, read_out = out >> read_bank;
  wire [8*FEATURES-1:0] shown = features >> 8 * place;
  assign legal = rst || ((!take || available) && (!free || freed[0]) && header_bank < BANKS
      && (!read || (read_out[0] && read_step < MOST_STEPS)));

  generate
    if (GIVEN == 0) begin : stated
      // What is there has been received and was not taken: nothing comes twice, and nothing is made up.
      once: assert property (rst || !available || waiting != 0);
      reached_once: cover property (!rst && available && waiting == BANKS - 1);
      comes_soon: assert property (rst || missing <= CYCLES);
      reached_comes_soon: cover property (!rst && missing == 2);
      in_order: assert property (rst || !taken || (length == its_length && flags == its_head[23:16]));
      reached_in_order: cover property (!rst && taken && its_length == MOST_STEPS);
      whole_head: assert property (rst || !(held && header_bank == its_bank) || (header == its_head && header_length == its_length));
      reached_whole_head: cover property (!rst && held && header_bank == its_bank && header[31:24] != 0);
      same: assert property (rst || !was_read || shown[7:0] == value);
      reached_same: cover property (!rst && was_read && value != 0 && looked_at == MOST_STEPS - 1);
      own_bank: assert property (rst || !take || !again[0]);
      reached_own_bank: cover property (!rst && take && out != 0);
      told: assert property (rst || dropped == 0 || dropped == due);
      reached_told: cover property (!rst && dropped[4]);
      told_soon: assert property (rst || pending <= CYCLES);
      reached_told_soon: cover property (!rst && pending == 1);
    end
  endgenerate
endmodule

`default_nettype wire

// Every sequence runs its steps once each and in order, in a context of its own: seen for one context, which may be any.
`default_nettype none

module contexts_rules #(
    parameter CONTEXTS = 2,
    parameter INDEX_BITS = 1,
    parameter STEP_BITS = 1,
    parameter LENGTH_BITS = 2,
    parameter MOST_STEPS = 2,
    parameter BANK_BITS = 2,
    parameter BANKS = 3
) (
    input wire clk,
    input wire rst,
    input wire [INDEX_BITS-1:0] looked_at,  // the same for ever
    input wire available,
    input wire [LENGTH_BITS-1:0] length,
    input wire [BANK_BITS-1:0] bank,
    input wire take,
    input wire [INDEX_BITS-1:0] target,
    input wire ready,
    input wire start,
    input wire [INDEX_BITS-1:0] next_context,
    input wire [STEP_BITS-1:0] next_step,
    input wire next_first,
    input wire next_last,
    input wire [BANK_BITS-1:0] next_bank,
    input wire ended,
    input wire [INDEX_BITS-1:0] ended_context,
    input wire ended_last,
    input wire concluded,
    input wire freed,
    input wire [INDEX_BITS-1:0] leaving,
    input wire [BANK_BITS-1:0] leaving_bank,
    output wire legal
);
  reg used = 0, stepping = 0, reading = 0, waits = 0;
  reg [LENGTH_BITS-1:0] left = 0, whole = 0;
  reg [BANK_BITS-1:0] held;
  wire takes = take && target == looked_at;
  wire starts = start && next_context == looked_at;
  wire ends = ended && ended_context == looked_at;
  wire concludes = concluded && leaving == looked_at;
  wire due = waits || (ends && left != 0);
  reg [3:0] others = 0;  // steps that started before this context's next one could
  // Who works ends what has started, and frees what it has read out.
  assign legal = (!available || (length != 0 && length <= MOST_STEPS))
      && (!ends || (stepping && ended_last == (left == 0))) && (!concludes || reading)
      && (concluded == freed) && ended_context < CONTEXTS && leaving < CONTEXTS;
  always @(posedge clk)
    if (rst) begin
      used <= 0;
      stepping <= 0;
      reading <= 0;
      waits <= 0;
      others <= 0;
    end else begin
      used <= takes || (used && !concludes);
      stepping <= starts || (stepping && !ends);
      waits <= takes || (due && !starts);
      reading <= (ends && left == 0) || (reading && !concludes);
      if (takes) begin
        left  <= length;
        whole <= length;
        held  <= bank;
      end else if (starts) left <= left - 1;
      others <= !(waits && ready) || starts ? 0 : others + start;
    end

  // A sequence takes a context that is free: none is lost.
  free_one: assert property (rst || !takes || !used);
  reached_free_one: cover property (!rst && takes && looked_at == CONTEXTS - 1);
  taken_there: assert property (rst || !take || (available && target < CONTEXTS));
  reached_taken_there: cover property (!rst && take);
  // No step twice, and none before the one before has ended.
  once: assert property (rst || !starts || due);
  reached_once: cover property (!rst && starts && ends);
  in_order: assert property (rst || !starts || next_step == whole - left);
  reached_in_order: cover property (!rst && starts && next_step == MOST_STEPS - 1);
  marked: assert property (rst || !starts || (next_first == (left == whole) && next_last == (left == 1)));
  reached_marked: cover property (!rst && starts && next_last && !next_first);
  own_bank: assert property (rst || !starts || next_bank == held);
  reached_own_bank: cover property (!rst && starts && held != 0);
  leaves: assert property (rst || !concludes || leaving_bank == held);
  reached_leaves: cover property (!rst && concludes && held != 0);
  // Others go first at most once each.
  fair: assert property (rst || others < CONTEXTS);
  reached_fair: cover property (!rst && others == CONTEXTS - 1);
endmodule

`default_nettype wire

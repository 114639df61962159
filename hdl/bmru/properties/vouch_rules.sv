// The check word vouches for codes: it is computed, bit by bit, of what enters the chain and of what leaves it. A load or
// a verification whose check word differs tells so and asks nothing more of the chain, so the latches, which the core
// works with, stay as they are. A word is seen at one of its bits, which may be any.
`default_nettype none

module vouch_rules #(
    parameter CHAIN = 30,  // bits
    parameter WHOLE = 32,  // bits of a pass: whole words
    parameter GIVEN = 0  // that the loader is where these rules think it is, which is stated otherwise
) (
    input wire clk,
    input wire rst,
    input wire [4:0] looked_at,  // the same for ever
    input wire load,
    input wire verify,
    input wire busy,
    input wire [31:0] check,
    input wire wants_word,
    input wire data_write,
    input wire [31:0] data_value,
    input wire [3:0] data_strobes,
    input wire done,
    input wire failed,
    input wire [2:0] wrong,  // as it is told: that of the latches, of the chain, and of what was written
    input wire trusted,
    input wire scan_enable,
    input wire scan_in,
    input wire scan_capture,
    input wire scan_latch,
    input wire scan_out,
    input wire [31:0] crc,  // inverted at the end of a pass it is the check word
    input wire [3:0] state,
    input wire [4:0] position,
    input wire [4:0] shifted,
    input wire latches,  // the pass is that of the latches
    input wire reading,
    input wire leaves,  // the chain shows a bit, or what fills its last word
    input wire in_chain,  // one of its bits
    input wire [31:0] word,  // what is left of it
    output wire kept
);
  // States of the loader.
  localparam IDLE = 0, CAPTURE = 1, FILL = 2, SHIFT = 3, CHECK_WRITTEN = 4, ROTATE = 5, FAILED = 6, FETCH = 7;
  localparam LEAVE = 8, CHECK_CHAIN = 9, HOLD = 10, DONE = 11, LATCH = 12;
  localparam WRITTEN = 0, CHAINED = 1, LATCHED = 2;
  localparam BITS = $clog2(WHOLE + 1);
  reg [1:0] pass = WRITTEN;
  reg vouches = 0;  // the command is a load or a verification
  reg entering = 0;  // a word does, a bit a cycle, which the pins show a cycle later
  reg turns = 0, turned = 0;  // the chain is shifted round, and shows its bits a cycle later
  reg expected = 0;  // the bit that is looked at
  reg [BITS-1:0] seen = 0;  // bits of the pass
  reg [2:0] differs = 0;  // as of `wrong`
  reg [1:0] equal = 0;  // of what was written, and of the chain
  reg ends = 0, ends_soon = 0;
  wire begins = !busy && (load || verify);
  wire takes = wants_word && data_write;
  wire turning = turns || (scan_capture && vouches);
  wire last = seen == WHOLE - 1;
  wire equals = ~crc == check;
  wire written = ends && pass == WRITTEN;
  wire starts = !busy || scan_latch || written;
  wire stopped = vouches && differs != 0;
  always @(posedge clk)
    if (rst) begin
      pass <= WRITTEN;
      vouches <= 0;
      entering <= 0;
      turns <= 0;
      ends <= 0;
      ends_soon <= 0;
      seen <= 0;
      differs <= 0;
      equal <= 0;
    end else begin
      if (takes) expected <= data_value[looked_at] && data_strobes[looked_at[4:3]];
      entering <= takes || (entering && seen[4:0] != 31);
      turns <= (written && equals) || (turning && !last);
      seen <= starts ? 0 : seen + (entering || turning);
      ends_soon <= turning && last;
      ends <= ends_soon || (entering && last);
      if (ends) begin
        differs[pass] <= !equals;
        if (pass != LATCHED) equal[pass] <= equals;
        if (pass == WRITTEN) pass <= CHAINED;
      end
      if (scan_latch) pass <= LATCHED;
      if (!busy) begin
        pass <= load ? WRITTEN : LATCHED;
        vouches <= begins;
        equal <= 0;
      end
      if (begins) differs <= 0;
    end

  // What the cycle before has seen.
  reg entered = 0, was_in_chain = 0, was_looked_at = 0, was_first = 0;
  reg [31:0] next_crc;
  wire taken = entering ? word[0] && seen < CHAIN : scan_out && was_in_chain;
  always @(posedge clk) begin
    entered <= !rst && entering;
    turned <= !rst && turning;
    was_in_chain <= seen < CHAIN;
    was_looked_at <= seen[4:0] == looked_at;
    was_first <= word[0];
    if (rst || starts || state == CAPTURE) next_crc <= ~0;
    else if (entering || turned) next_crc <= (crc >> 1) ^ (crc[0] ^ taken ? 32'hEDB88320 : 0);
    else next_crc <= crc;
  end

  // Where the loader is, as these rules think.
  wire counted = seen < WHOLE && position == seen[4:0] && shifted == (seen < CHAIN ? seen : CHAIN);
  wire rests = !entering && !turns && !ends && !ends_soon;
  wire of_chain = pass == CHAINED && equal == 2'b01 && !latches;
  wire of_latches = pass == LATCHED && latches;
  wire of_written = pass == WRITTEN && equal == 0 && !latches;
  reg here;
  always @*
    case (state)
      IDLE: here = rests;
      CAPTURE:
        here = rests && (!vouches || (scan_latch ? pass == CHAINED && equal == 3 && latches : of_latches && seen == 0));
      FILL: here = vouches && rests && of_written && counted && seen[4:0] == 0;
      SHIFT: here = vouches && entering && !turns && !ends && !ends_soon && of_written && counted;
      CHECK_WRITTEN: here = vouches && !entering && !turns && ends && !ends_soon && of_written;
      ROTATE: here = vouches && !entering && turning && !ends && !ends_soon && (of_chain || of_latches) && counted;
      LEAVE: here = vouches ? !entering && !turns && !ends && ends_soon && (of_chain || of_latches) : rests;
      CHECK_CHAIN: here = vouches && !entering && !turns && ends && !ends_soon && (of_chain || of_latches);
      LATCH: here = vouches && rests && pass == CHAINED && equal == 3 && !latches;
      DONE: here = rests && (!vouches || pass == LATCHED);
      FAILED: here = vouches && rests && differs != 0;
      FETCH, HOLD: here = !vouches && rests;
      default: here = 0;
    endcase
  wire in_step_holds = here && (state == IDLE || reading == !vouches)
      && (!vouches || state == IDLE || state == FAILED || differs == 0)
      && (!vouches || !scan_capture || (state == ROTATE && seen == 0 && !turns))
      && (!scan_latch || (vouches && state == CAPTURE && pass == CHAINED));
  // The bits are those that these rules see.
  wire [31:0] to_come = word >> (looked_at - seen[4:0]);
  wire shows = state == ROTATE || state == LEAVE || state == FETCH;
  wire same_holds = (!leaves || shows) && (!vouches || (leaves == turned && (!turned || in_chain == was_in_chain)))
      && (!entering || seen[4:0] > looked_at || to_come[0] == expected);
  assign kept = rst || (in_step_holds && same_holds);

  generate
    if (GIVEN == 0) begin : stated
      in_step: assert property (kept);
      reached_in_step: cover property (!rst && state == DONE && vouches);
    end else begin : checks
      // Bits of a word enter once each and in order, as they were written.
      enters: assert property (rst || !entered
          || (scan_enable == was_in_chain && scan_in == was_first && (!was_looked_at || scan_in == expected)));
      reached_enters: cover property (!rst && entered && was_looked_at && scan_in);
      computes: assert property (rst || !vouches || crc == next_crc);
      reached_computes: cover property (!rst && vouches && turned);
      // Codes are latched when what was written and what left the chain have the check word.
      latched: assert property (rst || !scan_latch || equal == 2'b11);
      reached_latched: cover property (!rst && scan_latch);
      // They are trusted when the latches have it, too.
      trusts: assert property (rst || trusted == (ends && pass == LATCHED && equals));
      reached_trusts: cover property (!rst && trusted);
      told: assert property (rst || !done || wrong == differs);
      reached_told: cover property (!rst && done && wrong[0]);
      reported: assert property (rst || !done || failed == stopped);
      reached_reported: cover property (!rst && done && failed && wrong[2]);
      // A command that has failed asks nothing more of the chain.
      stops: assert property (rst || !stopped || !(scan_enable || scan_capture || scan_latch));
      reached_stops: cover property (!rst && stopped);
    end
  endgenerate
endmodule

`default_nettype wire

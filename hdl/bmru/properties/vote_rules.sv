// Votes of a class are the frames that chose it, of the clip or of the last frames; the majority has the most of them. Two
// classes are looked at, which may be any.
`default_nettype none

module vote_rules #(
    parameter CLASSES = 2,
    parameter CLASS_BITS = 1,
    parameter WINDOW = 2
) (
    input wire clk,
    input wire rst,
    input wire [CLASS_BITS-1:0] looked_at,  // the same for ever, as are `other` and all that is below
    input wire [CLASS_BITS-1:0] other,
    input wire [9:0] frames,
    input wire sliding,
    input wire [3:0] wake_class,
    input wire [9:0] threshold,
    input wire prepare,
    input wire first,
    input wire last,
    input wire take,
    input wire [CLASS_BITS-1:0] winner,
    input wire decide,
    input wire [CLASS_BITS-1:0] frame_class,
    input wire [CLASSES*10-1:0] votes,
    input wire [CLASS_BITS-1:0] majority,
    input wire voted,
    input wire ended,
    input wire wake,
    output wire legal
);
  // A frame is prepared, taken and decided, and the first one begins a clip. No clip is longer than its window unless the
  // vote slides.
  reg [1:0] step = 0;  // 1: prepared, 2: taken
  reg begun = 0, is_last, was_awake;
  reg [10:0] number;  // frames of the clip
  wire fits = sliding || first || number < frames;
  assign legal = frames != 0 && frames <= WINDOW && looked_at < CLASSES && other < CLASSES && winner < CLASSES &&
      (!prepare || (step == 0 && (first || begun) && fits)) && (!take || step == 1) && (decide == (step == 2)) &&
      {2'd0, prepare} + take + decide <= 1;
  // The last frames chose `looked_at`, the newest in the low bit; of the clip, how many did.
  reg [WINDOW-1:0] chose, chose_other;
  reg [9:0] sum, sum_other;
  wire [WINDOW-1:0] mask = (1 << frames) - 1;
  function [9:0] ones(input [WINDOW-1:0] bits);
    integer k;
    begin
      ones = 0;
      for (k = 0; k < WINDOW; k = k + 1) ones = ones + bits[k];
    end
  endfunction
  wire [9:0] expected = sliding ? ones(chose & mask) : sum;
  wire [9:0] expected_other = sliding ? ones(chose_other & mask) : sum_other;
  wire [9:0] shown = votes >> (10 * looked_at);
  wire [9:0] shown_other = votes >> (10 * other);
  wire [9:0] shown_most = votes >> (10 * majority);
  always @(posedge clk)
    if (rst) begin
      step  <= 0;
      begun <= 0;
    end else begin
      step <= prepare ? 1 : take ? 2 : decide ? 0 : step;
      if (prepare) begin
        begun <= !last;
        is_last <= last;
        if (first) begin
          was_awake <= 0;
          number <= 1;
          {chose, chose_other, sum, sum_other} <= 0;
        end else number <= &number ? number : number + 1;
      end
      if (take) begin
        chose <= {chose, winner == looked_at};
        chose_other <= {chose_other, winner == other};
        sum <= sum + (winner == looked_at);
        sum_other <= sum_other + (winner == other);
      end
      if (voted) was_awake <= majority == wake_class && shown_most >= threshold;
    end

  wire told = step == 2;
  counts: assert property (rst || !told || shown == expected);
  reached_counts: cover property (!rst && told && sliding && number > frames && shown != 0);
  most: assert property (rst || !told || looked_at != majority || shown > shown_other || (shown == shown_other && looked_at <= other));
  reached_most: cover property (!rst && told && looked_at == majority && majority != 0 && shown > shown_other);
  taken_at: assert property (rst || (voted == (decide && (sliding || is_last)) && ended == (decide && is_last)));
  reached_taken_at: cover property (!rst && ended && sliding);
  wakes: assert property (rst || wake == (voted && !was_awake && majority == wake_class && shown_most >= threshold));
  reached_wakes: cover property (!rst && voted && was_awake && majority == wake_class);
endmodule

`default_nettype wire

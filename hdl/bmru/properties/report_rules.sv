// What a frame has to tell is told once and in order: the frame, then the vote.
`default_nettype none

module report_rules #(
    parameter CLASS_BITS = 1
) (
    input wire clk,
    input wire rst,
    input wire report_frames,
    input wire report_votes,
    input wire decide,
    input wire voted,
    input wire wake,
    input wire [CLASS_BITS-1:0] frame_class,
    input wire [CLASS_BITS-1:0] majority,
    input wire taken,
    input wire stalled,
    input wire ready,
    input wire push,
    input wire [CLASS_BITS-1:0] decision,
    input wire [7:0] flags,
    output wire legal
);
  // Reports that wait: each the class and the flags, the oldest first.
  reg [1:0] waiting = 0;
  reg [CLASS_BITS+7:0] oldest, second;
  // What is told stays until it is taken, as the user of the block promises.
  reg [2*CLASS_BITS-1:0] classes;
  assign legal = (!decide || waiting == 0) && (waiting == 0 || classes == {frame_class, majority});
  wire votes = voted && report_votes;
  wire [CLASS_BITS+7:0] vote = {majority, 8'd2 | (wake ? 8'd4 : 8'd0)};
  always @(posedge clk) begin
    if (rst) waiting <= 0;
    else if (decide) begin
      waiting <= report_frames + votes;
      oldest  <= report_frames ? {frame_class, 8'd1} : vote;
      second  <= vote;
    end else if (push && ready) begin
      waiting <= waiting - 1;
      oldest  <= second;
    end
    if (decide) classes <= {frame_class, majority};
  end

  once: assert property (rst || push == (waiting != 0));
  reached_once: cover property (!rst && push && waiting == 1 && flags[2]);
  in_order: assert property (rst || !push || {decision, flags} == oldest);
  reached_in_order: cover property (!rst && push && waiting == 2 && decision != 0);
  told: assert property (rst || (taken == (waiting == 0) && stalled == (waiting != 0 && !ready)));
  reached_told: cover property (!rst && stalled && waiting == 1);
endmodule

`default_nettype wire

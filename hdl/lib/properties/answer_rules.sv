// Each result that an answer takes leaves once, whole and in order: a header, then the score of each class.
`default_nettype none

module answer_rules #(
    parameter CLASSES = 2,
    parameter CLASS_BITS = 1,
    parameter SCORE_BITS = 4
) (
    input wire clk,
    input wire rst,
    input wire push,
    input wire ready,
    input wire [CLASS_BITS-1:0] decision,
    input wire [7:0] flags,
    input wire [7:0] tag,
    input wire [CLASSES*SCORE_BITS-1:0] scores,
    input wire [31:0] tdata,
    input wire [3:0] tkeep,
    input wire tlast,
    input wire tvalid,
    input wire tready
);
  reg full = 0;
  reg [7:0] sent = 0;  // beats of the result
  reg [31:0] header;
  reg [CLASSES*SCORE_BITS-1:0] held;
  wire passes = tvalid && tready;
  always @(posedge clk)
    if (rst) begin
      full <= 0;
      sent <= 0;
    end else if (push && ready) begin
      full   <= 1;
      sent   <= 0;
      header <= {tag, flags, 16'd0} | decision;
      held   <= scores;
    end else if (passes) begin
      full <= sent != CLASSES;
      sent <= sent + 1;
      if (sent != 0) held <= held >> SCORE_BITS;
    end

  wire [31:0] score = {{(32 - SCORE_BITS) {held[SCORE_BITS-1]}}, held[SCORE_BITS-1:0]};
  // A beat belongs to a result: nothing leaves twice, nothing is made up.
  once: assert property (rst || tvalid == full);
  reached_once: cover property (!rst && tvalid && tready && tlast);
  // A result is taken when the one before has left whole: nothing is lost.
  room: assert property (rst || !ready || !full);
  reached_room: cover property (!rst && ready && push && header[31:24] != 0);
  in_order: assert property (rst || !tvalid || tdata == (sent == 0 ? header : score));
  reached_in_order: cover property (!rst && tvalid && sent == CLASSES && score[31]);
  whole: assert property (rst || !tvalid || (tlast == (sent == CLASSES) && tkeep == 4'b1111));
  reached_whole: cover property (!rst && tvalid && sent == CLASSES && tready);
  // Who is always taken has sent the whole result after so many cycles.
  reg [7:0] waiting = 0;
  always @(posedge clk) waiting <= rst || !full || !tready ? 0 : waiting + 1;
  leaves: assert property (rst || waiting <= CLASSES + 1);
  reached_leaves: cover property (!rst && waiting == CLASSES);
endmodule

`default_nettype wire

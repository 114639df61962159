// Bytes leave the step packer in the order in which they came, each once: seen for one byte, which may be any.
`default_nettype none

module packer_rules #(
    parameter FEATURES = 3
) (
    input wire clk,
    input wire rst,
    input wire pick,  // whether to look at a byte of this beat, and which
    input wire [1:0] picked,
    input wire [31:0] beat_data,
    input wire [2:0] beat_count,
    input wire beat_last,
    input wire beat_valid,
    input wire beat_ready,
    input wire [8*FEATURES-1:0] step_data,
    input wire step_valid,
    input wire done,
    input wire remainder
);
  wire beat = beat_valid && beat_ready;
  reg [4:0] held = 0, ahead = 0;  // bytes in the packer, and those before the one that is looked at
  reg tracked = 0, last = 0;
  reg [7:0] value;
  reg [3:0] waiting = 0;
  wire [4:0] leave = step_valid ? FEATURES : 0;
  wire here = tracked && step_valid && ahead < FEATURES;
  always @(posedge clk)
    if (rst) begin
      held <= 0;
      tracked <= 0;
      last <= 0;
      waiting <= 0;
    end else begin
      held <= done ? 0 : held + (beat ? beat_count : 0) - leave;
      last <= done ? 0 : beat ? beat_last : last;
      waiting <= last ? waiting + 1 : 0;
      if (beat && pick && !tracked && picked < beat_count) begin
        tracked <= 1;
        ahead   <= held - leave + picked;
        value   <= beat_data[8*picked+:8];
      end else begin
        ahead <= ahead - leave;
        if (here || done) tracked <= 0;
      end
    end

  wire [8*FEATURES-1:0] shown = step_data >> 8 * ahead;

  whole: assert property (rst || !step_valid || held >= FEATURES);
  reached_whole: cover property (!rst && step_valid && held > FEATURES);
  in_order: assert property (rst || !here || shown[7:0] == value);
  reached_in_order: cover property (!rst && here && ahead == FEATURES - 1 && value != 0);
  // What is left is less than a step, and is told.
  left_over: assert property (rst || !done || (held < FEATURES && remainder == (held != 0)));
  reached_left_over: cover property (!rst && done && (FEATURES == 1 || remainder));
  room: assert property (rst || held <= FEATURES + 3);
  reached_room: cover property (!rst && held == FEATURES + 3);
  // A packet ends with its last beat.
  ends: assert property (rst || !done || last);
  reached_ends: cover property (!rst && done);
  ends_soon: assert property (rst || waiting <= 5);
  reached_ends_soon: cover property (!rst && waiting != 0);
endmodule

`default_nettype wire

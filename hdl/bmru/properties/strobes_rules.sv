// A frame is one cycle that prepares, the cycles that settle with what the core's contract asks for, one that takes and one
// that decides; it begins when it may, and never else.
`default_nettype none

module strobes_rules #(
    parameter PHASE_CYCLES = 1,
    parameter BLOCKS = 1
) (
    input wire clk,
    input wire rst,
    input wire may,  // run, available and due
    input wire first,
    input wire taken,  // nothing of the frame before waits to be reported
    input wire stalled,  // something does, and is not taken now
    input wire start,
    input wire prepare,
    input wire clear,
    input wire settle,
    input wire [BLOCKS-1:0] evaluate,
    input wire sample,
    input wire take,
    input wire decide,
    input wire awake,
    input wire held,
    input wire [15:0] awake_last,
    input wire [15:0] awake_most
);
  localparam LAST = PHASE_CYCLES * (BLOCKS + 1);  // cycles that settle
  reg [9:0] cycle = 0;  // of the frame; 0 in between
  reg clears, told = 0, decided = 0;
  wire waits = cycle == 0 && may && stalled && !told;
  always @(posedge clk)
    if (rst) begin
      cycle <= 0;
      told <= 0;
      decided <= 0;
    end else begin
      if (cycle != 0) cycle <= cycle == LAST + 3 ? 0 : cycle + 1;
      else if (may && taken) begin
        cycle <= 1;
        clears <= first;
      end
      if (cycle == LAST + 3) decided <= 1;
      told <= !(may && taken && cycle == 0) && (told || waits);
    end
  wire settles = cycle > 1 && cycle <= LAST + 1;
  wire [BLOCKS-1:0] decides;
  genvar b;
  generate
    for (b = 0; b < BLOCKS; b = b + 1) begin : each
      assign decides[b] = cycle == PHASE_CYCLES * (b + 1) + 1;
    end
  endgenerate

  starts: assert property (rst || start == (may && taken && cycle == 0));
  reached_starts: cover property (!rst && start && decided);
  in_turn: assert property (rst || {prepare, settle, sample, take, decide, awake} ==
      {cycle == 1, settles, cycle == LAST + 1, cycle == LAST + 2, cycle == LAST + 3, cycle != 0});
  reached_in_turn: cover property (!rst && decide);
  clears_first: assert property (rst || clear == (cycle == 1 && clears));
  reached_clears_first: cover property (!rst && clear && decided);
  evaluates: assert property (rst || evaluate == decides);
  reached_evaluates: cover property (!rst && evaluate[BLOCKS-1]);
  held_once: assert property (rst || held == waits);
  reached_held_once: cover property (!rst && told && !waits && start);
  metered: assert property (rst || (awake_last == (decided ? LAST + 3 : 0) && awake_most == awake_last));
  reached_metered: cover property (!rst && decided && cycle == 1);
endmodule

`default_nettype wire

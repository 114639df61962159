// Columns leave a queue once each, whole and in the order in which they began. One row is looked at, which may be any.
`default_nettype none

module queue_rules #(
    parameter SLOTS = 1,
    parameter SLOT_BITS = 1,
    parameter ROWS = 3,
    parameter ROW_BITS = 2,
    parameter COUNT_BITS = 2,
    parameter COLUMN_BITS = 3
) (
    input wire clk,
    input wire rst,
    input wire [ROW_BITS-1:0] pick,  // the row that is looked at; the same for ever
    input wire [SLOT_BITS-1:0] slot,
    input wire room,
    input wire begins,
    input wire [COLUMN_BITS-1:0] column,  // which one it is
    input wire push,
    input wire [SLOT_BITS-1:0] push_slot,
    input wire whole,
    input wire [ROWS*COUNT_BITS-1:0] counts,
    input wire [ROWS-1:0] raised,
    input wire empty,
    input wire valid,
    input wire take,
    input wire [ROWS*COUNT_BITS-1:0] column_counts,
    input wire [ROWS-1:0] column_raised,
    input wire [COLUMN_BITS-1:0] column_taken,
    output wire legal
);
  // Columns begin in one slot after another, and become whole in this order, with one push each.
  reg [2:0] begun = 0, gathered = 0;  // columns in the queue, and those of them that are whole
  reg [SLOT_BITS-1:0] begins_in = 0, pushes_in = 0, leaves_from = 0;
  reg [COLUMN_BITS+COUNT_BITS:0] kept[0:SLOTS-1];
  assign legal = (!begins || (room && slot == begins_in)) && (!push || (gathered < begun && push_slot == pushes_in && whole));
  function [SLOT_BITS-1:0] next(input [SLOT_BITS-1:0] this_one);
    next = this_one == SLOTS - 1 ? 0 : this_one + 1;
  endfunction
  wire leaves = valid && take;
  wire [COUNT_BITS-1:0] pushed = counts >> (pick * COUNT_BITS);
  integer k;
  always @(posedge clk)
    if (rst) begin
      begun <= 0;
      gathered <= 0;
      begins_in <= 0;
      pushes_in <= 0;
      leaves_from <= 0;
    end else begin
      begun <= begun + begins - leaves;
      gathered <= gathered + push - leaves;
      if (begins) begins_in <= next(begins_in);
      if (push) pushes_in <= next(pushes_in);
      if (leaves) leaves_from <= next(leaves_from);
      for (k = 0; k < SLOTS; k = k + 1) begin
        if (begins && begins_in == k) kept[k][COLUMN_BITS+COUNT_BITS:COUNT_BITS+1] <= column;
        if (push && pushes_in == k) kept[k][COUNT_BITS:0] <= {raised >> pick, pushed};
      end
    end

  wire [COUNT_BITS-1:0] taken = column_counts >> (pick * COUNT_BITS);
  wire is_raised = column_raised >> pick;
  // Nothing is made up, comes twice or is lost.
  once: assert property (rst || valid == (gathered != 0));
  reached_once: cover property (!rst && leaves && gathered == SLOTS);
  none_left: assert property (rst || empty == (begun == 0));
  reached_none_left: cover property (!rst && empty && leaves_from == SLOTS - 1);
  // Nothing is written over.
  fits: assert property (rst || !begins || begun < SLOTS);
  reached_fits: cover property (!rst && begins && begun == SLOTS - 1);
  in_order: assert property (rst || !valid || {column_taken, is_raised, taken} == kept[leaves_from]);
  reached_in_order: cover property (!rst && valid && leaves_from == SLOTS - 1 && taken != 0);
endmodule

`default_nettype wire

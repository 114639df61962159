// The reservoir draws what it holds, and holds no more than it has room for.
`default_nettype none

module reservoir_rules #(
    parameter CAPACITY = 3,
    parameter MOST_STEPS = 2,
    parameter SLOT_BITS = 2,
    parameter FILLED_BITS = 2,
    parameter STEP_BITS = 1,
    parameter LENGTH_BITS = 2
) (
    input wire clk,
    input wire rst,
    input wire draw,
    input wire drawn,
    input wire insert,
    input wire inserted,
    input wire accepted,
    input wire [SLOT_BITS-1:0] slot,
    input wire [FILLED_BITS-1:0] filled,
    input wire [LENGTH_BITS-1:0] insert_length,
    input wire [LENGTH_BITS-1:0] length,
    input wire read,
    input wire [STEP_BITS-1:0] step,
    input wire changed,  // the host sets what it holds
    input wire [FILLED_BITS-1:0] filled_value,
    input wire [31:0] presented_value,
    input wire host,  // the host reads or writes words
    input wire host_there,  // which there are
    output wire legal
);
  reg drawing = 0, inserting = 0, shown = 0;
  always @(posedge clk) begin
    drawing   <= !rst && (draw || (drawing && !drawn));
    inserting <= !rst && (insert || (inserting && !inserted));
    shown     <= !rst && !draw && !insert && (drawn || shown);
  end
  wire busy = drawing || inserting;
  // One command at a time. What was drawn is read until the next one, and the host comes between them.
  assign legal = !(draw && insert) && (!(draw || insert) || !busy) && (!draw || filled != 0)
      && (!insert && !inserting || (insert_length != 0 && insert_length <= MOST_STEPS))
      && (!read || (shown && !draw && !insert && step < MOST_STEPS))
      && (!changed || (!busy && !draw && !insert && filled_value <= CAPACITY && presented_value >= filled_value))
      && (!host || (!busy && !draw && !insert && !read && host_there));

  holds: assert property (rst || !drawn || (slot < filled && filled <= CAPACITY));
  reached_holds: cover property (!rst && drawn && slot == CAPACITY - 1);
  has_room: assert property (rst || !accepted || (slot <= filled && slot < CAPACITY));
  reached_has_room: cover property (!rst && accepted && slot == CAPACITY - 1);
  asked: assert property (rst || !(drawn || inserted) || (drawing && drawn) != (inserting && inserted));
  reached_asked: cover property (!rst && inserted && !accepted);
  steps: assert property (rst || !drawn || (length != 0 && length <= MOST_STEPS));
  reached_steps: cover property (!rst && drawn && length == MOST_STEPS);
endmodule

`default_nettype wire

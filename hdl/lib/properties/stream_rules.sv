// AXI4-Stream as its initiator promises it, under any back-pressure.
`default_nettype none

module stream_rules #(
    parameter BYTES = 4
) (
    input wire clk,
    input wire rst,
    input wire [8*BYTES-1:0] tdata,
    input wire [BYTES-1:0] tkeep,
    input wire tlast,
    input wire tvalid,
    input wire tready
);
  reg waits = 0;
  reg [9*BYTES:0] beat;
  wire [9*BYTES:0] offered = {tlast, tkeep, tdata};
  always @(posedge clk) begin
    waits <= !rst && tvalid && !tready;
    beat  <= offered;
  end

  // A beat once offered is on offer until it is taken.
  stays: assert property (rst || !waits || tvalid);
  reached_stays: cover property (!rst && waits);
  // And it is the same.
  stable: assert property (rst || !waits || !tvalid || beat == offered);
  reached_stable: cover property (!rst && waits && tvalid && tready);
endmodule

`default_nettype wire

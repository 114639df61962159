// AXI4-Lite as its subordinate promises it, under any back-pressure: each request is answered once.
`default_nettype none

module lite_rules #(
    parameter CYCLES = 6  // in which what is asked is taken, and answered, where the initiator takes its answers
) (
    input wire clk,
    input wire rst,
    input wire awvalid,
    input wire awready,
    input wire wvalid,
    input wire wready,
    input wire [1:0] bresp,
    input wire bvalid,
    input wire bready,
    input wire arvalid,
    input wire arready,
    input wire [31:0] rdata,
    input wire [1:0] rresp,
    input wire rvalid,
    input wire rready
);
  reg b_waits = 0, r_waits = 0;
  reg [1:0] b_before;
  reg [33:0] r_before;
  // Addresses, words and reads that were taken and not answered.
  reg [2:0] addresses = 0, words = 0, reads = 0;
  reg [3:0] writing = 0, reading = 0, offering = 0, asking = 0;
  wire answered = bvalid && bready, told = rvalid && rready;
  always @(posedge clk) begin
    b_waits  <= !rst && bvalid && !bready;
    r_waits  <= !rst && rvalid && !rready;
    b_before <= bresp;
    r_before <= {rdata, rresp};
    if (rst) begin
      addresses <= 0;
      words <= 0;
      reads <= 0;
      writing <= 0;
      reading <= 0;
      offering <= 0;
      asking <= 0;
    end else begin
      addresses <= addresses + (awvalid && awready) - answered;
      words <= words + (wvalid && wready) - answered;
      reads <= reads + (arvalid && arready) - told;
      // How long what could be answered has waited, where its answer would be taken.
      writing <= !bready || answered || addresses == 0 || words == 0 ? 0 : writing + 1;
      reading <= !rready || !bready || told || reads == 0 ? 0 : reading + 1;
      offering <= bready && awvalid && !awready && words != 0 ? offering + 1 : 0;
      asking <= rready && bready && arvalid && !arready ? asking + 1 : 0;
    end
  end

  b_stays: assert property (rst || !b_waits || bvalid);
  reached_b_stays: cover property (!rst && b_waits);
  b_stable: assert property (rst || !b_waits || bresp == b_before);
  reached_b_stable: cover property (!rst && b_waits && bresp == 2'b10);
  r_stays: assert property (rst || !r_waits || rvalid);
  reached_r_stays: cover property (!rst && r_waits);
  r_stable: assert property (rst || !r_waits || {rdata, rresp} == r_before);
  reached_r_stable: cover property (!rst && r_waits && rdata != 0);
  // No answer without its request, and none twice.
  b_once: assert property (rst || !bvalid || (addresses != 0 && words != 0));
  reached_b_once: cover property (!rst && answered && addresses == 2 && words == 2);
  r_once: assert property (rst || !rvalid || reads != 0);
  reached_r_once: cover property (!rst && told && reads == 2);
  // No more is taken than can be answered.
  few: assert property (rst || (addresses <= 2 && words <= 2 && reads <= 2));
  reached_few: cover property (!rst && reads == 2 && addresses == 2);
  // Each request is answered.
  b_comes: assert property (rst || writing < CYCLES);
  reached_b_comes: cover property (!rst && writing != 0);
  r_comes: assert property (rst || reading < CYCLES);
  reached_r_comes: cover property (!rst && reading > 1);
  aw_taken: assert property (rst || offering < CYCLES);
  reached_aw_taken: cover property (!rst && offering != 0);
  ar_taken: assert property (rst || asking < CYCLES);
  reached_ar_taken: cover property (!rst && asking != 0);
endmodule

`default_nettype wire

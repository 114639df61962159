// Records AXI4-Stream packets to a file, always ready, so that no Python runs beat by beat.
//
// With +remora_answers=FILE; a beat is two little-endian words: its data, and TKEEP in bits 3:0 with TLAST in bit 4, as
// the packet player's are. Otherwise the agent's stream passes through.
`timescale 1ns / 1ps
`default_nettype none

module remora_answer_recorder (
    input wire clk,
    input wire aresetn,
    // From the design
    input wire [31:0] tdata,
    input wire [3:0] tkeep,
    input wire tlast,
    input wire tvalid,
    output wire tready,
    // To the agent
    output wire agent_tvalid,
    input wire agent_tready,
    output logic [31:0] recorded  // packets in the file, whole
);
  string path;
  int file = 0;
  initial
    if ($value$plusargs("remora_answers=%s", path)) begin
      file = $fopen(path, "wb");
      if (file == 0) $fatal(1, "cannot write answers to %s", path);
    end

  logic powered_up = 0;  // the first reset has come: nothing is taken before
  assign tready = file != 0 ? powered_up : agent_tready;
  assign agent_tvalid = tvalid && file == 0;

  initial recorded = 0;
  always @(posedge clk)
    if (!aresetn) powered_up <= 1;
    else if (file != 0 && tvalid && tready) begin
      $fwrite(file, "%u%u", tdata, {27'b0, tlast, tkeep});
      if (tlast) begin
        $fflush(file);
        recorded <= recorded + 1;
      end
    end
endmodule

`default_nettype wire

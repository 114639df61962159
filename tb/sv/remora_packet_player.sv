// Plays AXI4-Stream packets from a file, a beat a cycle as fast as they are taken, so that no Python runs cycle by cycle.
//
// With +remora_packets=FILE, and from the cycle in which `play` is high after a reset; a beat is two little-endian words:
// its data, and TKEEP in bits 3:0 with TLAST in bit 4. After a beat with bit 5 the player waits for `play` again. Then, and
// without a file, and after the last beat, the stream of the agent passes through.
`timescale 1ns / 1ps
`default_nettype none

module remora_packet_player (
    input wire clk,
    input wire aresetn,
    input wire play,
    // From the agent
    input wire [31:0] agent_tdata,
    input wire [3:0] agent_tkeep,
    input wire agent_tlast,
    input wire agent_tvalid,
    output wire agent_tready,
    // To the design
    output wire [31:0] tdata,
    output wire [3:0] tkeep,
    output wire tlast,
    output wire tvalid,
    input wire tready
);
  string path;
  int file = 0;
  initial
    if ($value$plusargs("remora_packets=%s", path)) begin
      file = $fopen(path, "rb");
      if (file == 0) $fatal(1, "cannot read packets from %s", path);
    end

  logic playing = 0;
  logic powered_up = 0;  // the first reset has come: `play` means nothing before
  logic [63:0] beat;  // words as read: high byte first, the first word on top
  assign agent_tready = tready && !playing;
  assign tdata = playing ? {beat[39:32], beat[47:40], beat[55:48], beat[63:56]} : agent_tdata;
  assign tkeep = playing ? beat[27:24] : agent_tkeep;
  assign tlast = playing ? beat[28] : agent_tlast;
  assign tvalid = playing || agent_tvalid;

  always @(posedge clk) begin
    logic [63:0] read;
    if (!aresetn) begin
      powered_up <= 1;
      playing <= 0;
    end else if (powered_up && file != 0 && (playing ? tready : play)) begin
      if (playing && beat[29]) playing <= 0;
      else if ($fread(read, file) == 8) begin
        beat <= read;
        playing <= 1;
      end else begin
        playing <= 0;
        $fclose(file);
        file = 0;
      end
    end
  end
endmodule

`default_nettype wire

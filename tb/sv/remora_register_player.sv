// Plays accesses of the AXI4-Lite bus from a file, one after the other, so that no Python runs access by access.
//
// With +remora_registers=FILE, once for each cycle in which `play` is high after a reset: the file is read then, from its
// beginning. An access is four little-endian words: what it does, address, value and mask. 0 writes the value. 1 reads
// until the bits of the mask are those of the value. 2 reads once, and they must be. 3 reads once, with a mask and a value
// of 0: the word goes into FILE.read, little-endian. Between files, and without one, the agent's bus passes through.
`timescale 1ns / 1ps
`default_nettype none

module remora_register_player #(
    parameter int ADDRESS_BITS = 12
) (
    input wire clk,
    input wire aresetn,
    input wire play,
    // From the agent
    input wire [ADDRESS_BITS-1:0] agent_awaddr,
    input wire agent_awvalid,
    input wire [31:0] agent_wdata,
    input wire [3:0] agent_wstrb,
    input wire agent_wvalid,
    input wire agent_bready,
    input wire [ADDRESS_BITS-1:0] agent_araddr,
    input wire agent_arvalid,
    input wire agent_rready,
    output wire agent_awready,
    output wire agent_wready,
    output wire agent_bvalid,
    output wire agent_arready,
    output wire agent_rvalid,
    // To the design
    output wire [ADDRESS_BITS-1:0] awaddr,
    output wire awvalid,
    output wire [31:0] wdata,
    output wire [3:0] wstrb,
    output wire wvalid,
    output wire bready,
    output wire [ADDRESS_BITS-1:0] araddr,
    output wire arvalid,
    output wire rready,
    input wire awready,
    input wire wready,
    input wire [1:0] bresp,
    input wire bvalid,
    input wire arready,
    input wire [31:0] rdata,
    input wire [1:0] rresp,
    input wire rvalid,
    output logic playing,
    output logic [31:0] done,  // accesses of this file that went well, all of them once `playing` falls
    output logic failed  // the one after them did not: an error response, or bits that differ
);
  localparam logic [31:0] WRITE = 0, UNTIL = 1, RECORD = 3;

  string path, read_path;
  bit given;
  initial given = $value$plusargs("remora_registers=%s", path) != 0;

  int file = 0, words = 0;
  logic powered_up = 0;  // the first reset has come: `play` means nothing before
  logic address_sent, data_sent;
  logic [31:0] kind, address, value, mask;
  initial begin
    playing = 0;
    done = 0;
    failed = 0;
  end

  wire writes = kind == WRITE;
  assign awaddr = playing ? address[ADDRESS_BITS-1:0] : agent_awaddr;
  assign awvalid = playing ? writes && !address_sent : agent_awvalid;
  assign wdata = playing ? value : agent_wdata;
  assign wstrb = playing ? 4'hF : agent_wstrb;
  assign wvalid = playing ? writes && !data_sent : agent_wvalid;
  assign bready = playing || agent_bready;
  assign araddr = playing ? address[ADDRESS_BITS-1:0] : agent_araddr;
  assign arvalid = playing ? !writes && !address_sent : agent_arvalid;
  assign rready = playing || agent_rready;
  assign agent_awready = awready && !playing;
  assign agent_wready = wready && !playing;
  assign agent_bvalid = bvalid && !playing;
  assign agent_arready = arready && !playing;
  assign agent_rvalid = rvalid && !playing;

  function automatic logic [31:0] swapped(input logic [31:0] word);
    swapped = {word[7:0], word[15:8], word[23:16], word[31:24]};
  endfunction

  // The next access, or the end.
  task automatic next();
    logic [127:0] read;
    if ($fread(read, file) == 16) begin
      kind <= swapped(read[127:96]);
      address <= swapped(read[95:64]);
      value <= swapped(read[63:32]);
      mask <= swapped(read[31:0]);
      address_sent <= 0;
      data_sent <= 0;
      playing <= 1;
    end else stop();
  endtask

  task automatic stop();
    playing <= 0;
    $fclose(file);
    $fclose(words);
    file = 0;
  endtask

  always @(posedge clk)
    if (!aresetn) begin
      powered_up <= 1;
      if (file != 0) stop();
    end else if (powered_up && !playing && play && given) begin
      file = $fopen(path, "rb");
      if (file == 0) $fatal(1, "cannot read accesses from %s", path);
      $sformat(read_path, "%0s.read", path);
      words = $fopen(read_path, "wb");
      if (words == 0) $fatal(1, "cannot write what is read to %s.read", path);
      done <= 0;
      failed <= 0;
      next();
    end else if (playing) begin
      if (writes ? awvalid && awready : arvalid && arready) address_sent <= 1;
      if (wvalid && wready) data_sent <= 1;
      if (writes ? bvalid : rvalid) begin
        if ((writes ? ^bresp : ^{rdata, rresp}) === 1'bx) $fatal(1, "the register bus answers with an unknown value");
        if ((writes ? bresp : rresp) != 0 || (!writes && kind != UNTIL && (rdata & mask) != value)) begin
          failed <= 1;
          stop();
        end else if (!writes && (rdata & mask) != value) address_sent <= 0;
        else begin
          if (kind == RECORD) $fwrite(words, "%u", rdata);
          done <= done + 1;
          next();
        end
      end
    end
endmodule

`default_nettype wire

// Self-checking testbench of a generated Remora: plain Verilog (IEEE 1364-2005), no file but those beside it.
//
// host.hex is what software does on the register bus, one command a line; packets.hex has the beats that go in at
// s_axis; answers.hex the beats that must come out of m_axis. README.md has their formats. The run ends with one line
// that begins with PASS or FAIL.
//
// Inputs of the design change at the falling edge of the clock, outputs are taken at the rising edge, so that nothing
// here depends on the order in which a simulator runs its processes, nor on the delays of a gate-level netlist.
`timescale 1ns / 1ps
`default_nettype none

module remora_testbench #(
    parameter HALF_PERIOD_NS = 5
);
  `include "parameters.vh"

  // Commands of host.hex.
  localparam [3:0] WRITE = 4'h1;  // write `value` to the register at `address`
  localparam [3:0] EXPECT = 4'h2;  // read the register: the bits of `mask` must be those of `value`
  localparam [3:0] UNTIL = 4'h3;  // read it again and again until they are
  localparam [3:0] STREAM = 4'h4;  // send the first `value` beats, await the first `mask` words of answers
  localparam [3:0] FINISH = 4'he;  // nothing further may come; the last command

  localparam RESET_CYCLES = 8;  // the least that the reset is held
  localparam BUS_CYCLES = 1000;  // longest that the register bus may take for one access
  localparam QUIET_CYCLES = 64;  // at the end, in which no further answer may come

  // The design.
  reg aclk;
  reg aresetn;
  reg [31:0] s_axis_tdata;
  reg [3:0] s_axis_tkeep;
  reg s_axis_tlast, s_axis_tvalid;
  wire s_axis_tready;
  wire [31:0] m_axis_tdata;
  wire [3:0] m_axis_tkeep;
  wire m_axis_tlast, m_axis_tvalid;
  reg m_axis_tready;
  reg [ADDRESS_BITS-1:0] s_axil_awaddr, s_axil_araddr;
  reg s_axil_awvalid, s_axil_wvalid, s_axil_bready, s_axil_arvalid, s_axil_rready;
  reg [31:0] s_axil_wdata;
  reg [3:0] s_axil_wstrb;
  wire s_axil_awready, s_axil_wready, s_axil_bvalid, s_axil_arready, s_axil_rvalid;
  wire [1:0] s_axil_bresp, s_axil_rresp;
  wire [31:0] s_axil_rdata;
  wire irq;

  `REMORA_TOP dut (
      .aclk(aclk),
      .aresetn(aresetn),
`ifdef REMORA_TEST_MODE
      .test_mode(1'b0),
`endif
`ifdef REMORA_MEMORY_TEST_ENABLE
      .memory_test_enable(1'b0),
      .memory_test_select(16'b0),
      // Nothing heeds them.
      .memory_test_write(1'b1),
      .memory_test_read(1'b1),
      .memory_test_address(13'b1),
      .memory_test_write_data({128{1'b1}}),
`endif
      .s_axis_tdata(s_axis_tdata),
      .s_axis_tkeep(s_axis_tkeep),
      .s_axis_tlast(s_axis_tlast),
      .s_axis_tvalid(s_axis_tvalid),
      .s_axis_tready(s_axis_tready),
      .m_axis_tdata(m_axis_tdata),
      .m_axis_tkeep(m_axis_tkeep),
      .m_axis_tlast(m_axis_tlast),
      .m_axis_tvalid(m_axis_tvalid),
      .m_axis_tready(m_axis_tready),
      .s_axil_awaddr(s_axil_awaddr),
      .s_axil_awvalid(s_axil_awvalid),
      .s_axil_awready(s_axil_awready),
      .s_axil_wdata(s_axil_wdata),
      .s_axil_wstrb(s_axil_wstrb),
      .s_axil_wvalid(s_axil_wvalid),
      .s_axil_wready(s_axil_wready),
      .s_axil_bresp(s_axil_bresp),
      .s_axil_bvalid(s_axil_bvalid),
      .s_axil_bready(s_axil_bready),
      .s_axil_araddr(s_axil_araddr),
      .s_axil_arvalid(s_axil_arvalid),
      .s_axil_arready(s_axil_arready),
      .s_axil_rdata(s_axil_rdata),
      .s_axil_rresp(s_axil_rresp),
      .s_axil_rvalid(s_axil_rvalid),
      .s_axil_rready(s_axil_rready),
      .irq(irq)
  );

  // The first edge is half a period after the start, and the reset is there before it.
  initial begin
    aclk = 1'b0;
    forever #(HALF_PERIOD_NS) aclk = ~aclk;
  end

  integer cycles;
  initial cycles = 0;
  always @(posedge aclk) cycles <= cycles + 1;

  // Files. All ones stands in none of them, so a word that is still so was not read.
  reg [99:0] commands[0:COMMANDS-1];  // command, address, mask, value
  reg [39:0] packets[0:BEATS-1];  // 3 bits of 0, TLAST, TKEEP, TDATA
  reg [51:0] answers[0:WORDS-1];  // number of the packet, 3 bits of 0, TLAST, TDATA
  integer n;
  reg loaded;
  initial begin
    for (n = 0; n < COMMANDS; n = n + 1) commands[n] = {100{1'b1}};
    for (n = 0; n < BEATS; n = n + 1) packets[n] = {40{1'b1}};
    for (n = 0; n < WORDS; n = n + 1) answers[n] = {52{1'b1}};
    $readmemh("host.hex", commands);
    $readmemh("packets.hex", packets);
    $readmemh("answers.hex", answers);
    loaded = 1'b1;
    if (commands[COMMANDS-1] === {100{1'b1}}) missing("host.hex");
    if (packets[BEATS-1] === {40{1'b1}}) missing("packets.hex");
    if (answers[WORDS-1] === {52{1'b1}}) missing("answers.hex");
  end
  task missing(input [8*16-1:0] name);
    begin
      loaded = 1'b0;
      $display("FAIL: %0s is missing or too short; run this in its folder, with the files that were generated together", name);
    end
  endtask

  // What was compared, and the verdict.
  integer registers_compared, words_compared, answers_compared, mismatches;
  reg ended, passed;
  initial begin
    passed = 1'b0;
    registers_compared = 0;
    words_compared = 0;
    answers_compared = 0;
    mismatches = 0;
    ended = 1'b0;
  end
  task report;
    begin
      $display("%0d words of %0d answers and %0d register values compared, %0d differ; %0d cycles", words_compared,
               answers_compared, registers_compared, mismatches, cycles);
      ended = 1'b1;
      // The simulator's exit status says it too.
      if (passed) $finish(0);
      else $fatal(0);
    end
  endtask
  task verdict;
    begin
      if (mismatches != 0) $write("FAIL: ");
      else if (words_compared == 0 || registers_compared == 0) $write("FAIL: nothing was compared: ");
      else begin
        passed = 1'b1;
        $write("PASS: ");
      end
      report;
    end
  endtask

  // Packets in.
  integer beat, following;  // the beat on offer, and the next one
  integer allowed, granted;  // beats that the host has let go, and that much half a period later
  reg beat_taken;
  initial begin
    beat = 0;
    granted = 0;
    beat_taken = 1'b0;
  end
  always @(posedge aclk) begin
    beat_taken <= s_axis_tvalid && s_axis_tready === 1'b1;
    granted <= allowed;
  end
  always @(negedge aclk) begin
    following = beat_taken ? beat + 1 : beat;
    beat <= following;
    s_axis_tvalid <= following < granted;
    if (following < granted) {s_axis_tlast, s_axis_tkeep, s_axis_tdata} <= packets[following][36:0];
  end

  // Answers out; every fourth cycle nothing is taken.
  integer word;  // the next one to come
  integer answer_beat;  // in its answer
  integer last_word;  // cycle in which the last one came
  reg [1:0] phase;
  reg [51:0] expected;
  always @(negedge aclk) begin
    phase <= aresetn ? phase + 2'd1 : 2'd0;
    m_axis_tready <= aresetn && phase != 2'd0;
  end
  always @(posedge aclk)
    if (!aresetn) begin
      word <= 0;
      answer_beat <= 0;
      last_word <= 0;
    end else if (!ended) begin
      if (m_axis_tvalid !== 1'b0 && m_axis_tvalid !== 1'b1) begin
        $display("FAIL: m_axis_tvalid is neither 0 nor 1 in cycle %0d", cycles);
        report_failure;
      end else if (m_axis_tvalid && m_axis_tready) begin
        last_word <= cycles;
        if (word >= WORDS) begin
          $display("FAIL: an answer came that no packet asked for: %h", m_axis_tdata);
          report_failure;
        end else begin
          expected = answers[word];
          words_compared = words_compared + 1;
          if ({m_axis_tlast, m_axis_tkeep, m_axis_tdata} !== {expected[32], 4'hf, expected[31:0]}) begin
            if (mismatches == 0)
              $display("first mismatch: packet %0d, word %0d of its answer: expected %h (last %b), got %h (last %b)",
                       expected[51:36], answer_beat, expected[31:0], expected[32], m_axis_tdata, m_axis_tlast);
            mismatches = mismatches + 1;
          end
          word <= word + 1;
          answer_beat <= expected[32] ? 0 : answer_beat + 1;
          if (expected[32]) answers_compared = answers_compared + 1;
        end
      end
    end
  task report_failure;
    begin
      $write("after ");
      report;
    end
  endtask

  // The register bus. Tasks begin and end just after a falling edge.
  integer waited;
  reg address_taken, data_taken, response_taken, done;
  reg [1:0] response;
  reg [31:0] found;
  task axil_write(input [ADDRESS_BITS-1:0] at, input [31:0] data);
    begin
      s_axil_awaddr = at;
      s_axil_wdata = data;
      s_axil_wstrb = 4'hf;
      s_axil_awvalid = 1'b1;
      s_axil_wvalid = 1'b1;
      s_axil_bready = 1'b1;
      done = 1'b0;
      waited = 0;
      while (!done && !ended) begin
        @(posedge aclk);
        address_taken = s_axil_awvalid && s_axil_awready === 1'b1;
        data_taken = s_axil_wvalid && s_axil_wready === 1'b1;
        response_taken = s_axil_bvalid === 1'b1;
        response = s_axil_bresp;
        @(negedge aclk);
        if (address_taken) s_axil_awvalid = 1'b0;
        if (data_taken) s_axil_wvalid = 1'b0;
        if (response_taken) s_axil_bready = 1'b0;
        done = response_taken;
        check_access(at);
      end
    end
  endtask
  task axil_read(input [ADDRESS_BITS-1:0] at);
    begin
      s_axil_araddr = at;
      s_axil_arvalid = 1'b1;
      s_axil_rready = 1'b1;
      done = 1'b0;
      waited = 0;
      while (!done && !ended) begin
        @(posedge aclk);
        address_taken = s_axil_arvalid && s_axil_arready === 1'b1;
        response_taken = s_axil_rvalid === 1'b1;
        response = s_axil_rresp;
        found = s_axil_rdata;
        @(negedge aclk);
        if (address_taken) s_axil_arvalid = 1'b0;
        if (response_taken) s_axil_rready = 1'b0;
        done = response_taken;
        check_access(at);
      end
    end
  endtask
  task check_access(input [ADDRESS_BITS-1:0] at);
    begin
      waited = waited + 1;
      if (!ended && done && response !== 2'b00) begin
        $display("FAIL: line %0d of host.hex: register %h answers with response %b", line, at, response);
        report_failure;
      end else if (!ended && !done && waited >= BUS_CYCLES) begin
        $display("FAIL: line %0d of host.hex: register %h does not answer within %0d cycles", line, at, BUS_CYCLES);
        report_failure;
      end
    end
  endtask

  // The host.
  integer index, line, started;
  reg [3:0] command;
  reg [31:0] address, mask, value;
  task expect_register;
    begin
      axil_read(address[ADDRESS_BITS-1:0]);
      registers_compared = registers_compared + 1;
      if (!ended && (found & mask) !== (value & mask)) begin
        if (mismatches == 0)
          $display("first mismatch: line %0d of host.hex, register %h, bits %h: expected %h, got %h", line, address, mask,
                   value & mask, found & mask);
        mismatches = mismatches + 1;
      end
    end
  endtask
  task poll_register;
    begin
      started = cycles;
      axil_read(address[ADDRESS_BITS-1:0]);
      while (!ended && (found & mask) !== (value & mask)) begin
        if (cycles - started > TIMEOUT_CYCLES) begin
          $display("FAIL: line %0d of host.hex: register %h, bits %h: %h did not come within %0d cycles, it is %h", line,
                   address, mask, value, TIMEOUT_CYCLES, found & mask);
          report_failure;
        end else axil_read(address[ADDRESS_BITS-1:0]);
      end
    end
  endtask
  task stream;
    begin
      allowed = value;
      started = cycles;
      while (!ended && (beat < value || word < mask)) begin
        @(negedge aclk);
        if (started < last_word) started = last_word;
        if (!ended && cycles - started > TIMEOUT_CYCLES) begin
          if (word < mask)
            $display("FAIL: packet %0d is not answered within %0d cycles", answers[word][51:36], TIMEOUT_CYCLES);
          else $display("FAIL: beat %0d of packets.hex is not taken within %0d cycles", beat, TIMEOUT_CYCLES);
          report_failure;
        end
      end
    end
  endtask

  initial begin
    aresetn = 1'b0;
    s_axis_tdata = 32'd0;
    s_axis_tkeep = 4'd0;
    s_axis_tlast = 1'b0;
    s_axis_tvalid = 1'b0;
    m_axis_tready = 1'b0;
    s_axil_awaddr = 0;
    s_axil_araddr = 0;
    s_axil_wdata = 32'd0;
    s_axil_wstrb = 4'd0;
    s_axil_awvalid = 1'b0;
    s_axil_wvalid = 1'b0;
    s_axil_bready = 1'b0;
    s_axil_arvalid = 1'b0;
    s_axil_rready = 1'b0;
    allowed = 0;
    line = 0;
    // The clock's start at 0 is itself a falling edge, where it was x or 1; the first rising one is the same everywhere.
    @(posedge aclk);
    repeat (RESET_CYCLES) @(negedge aclk);
    aresetn = 1'b1;
    repeat (2) @(negedge aclk);
    if (!loaded) report;
    for (index = 0; index < COMMANDS && !ended; index = index + 1) begin
      {command, address, mask, value} = commands[index];
      line = index + 1;
      case (command)
        WRITE: axil_write(address[ADDRESS_BITS-1:0], value);
        EXPECT: expect_register;
        UNTIL: poll_register;
        STREAM: stream;
        FINISH: begin
          repeat (QUIET_CYCLES) @(negedge aclk);
          if (!ended) verdict;
        end
        default: begin
          $display("FAIL: line %0d of host.hex has no known command: %h", line, command);
          report_failure;
        end
      endcase
    end
    if (!ended) begin
      $display("FAIL: host.hex ends without its last command");
      report_failure;
    end
  end
endmodule

`default_nettype wire

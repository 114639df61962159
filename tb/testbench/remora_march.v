// March test of the memory macros of a generated Remora, through its port memory_test_*: plain Verilog (IEEE 1364-2005).
//
// memories.vh has the words and bits of every macro. In each the test runs March C-, the sequence
//
//   (w0); up (r0, w1); up (r1, w0); down (r0, w1); down (r1, w0); (r0)
//
// over every word that is addressed, once with words of equal bits and once for each width of stripes, so that bits of
// one word differ too. After each width, stripes of every word change while the others stay: of any two bits of a word
// there is a width at which only one does. So it finds stuck bits, bits that do not change, faulty address decoders, and
// bits that those of another word or of their own flip or hold. The run ends with one line that begins with PASS or
// FAIL.
//
// The core is in reset throughout. Inputs change at the falling edge of the clock.
`timescale 1ns / 1ps
`default_nettype none

module remora_march #(
    parameter HALF_PERIOD_NS = 5
);
  `include "parameters.vh"
  `include "memories.vh"

  reg aclk;
  reg [15:0] select;
  reg write, read;
  reg [12:0] address;
  reg [127:0] write_data;
  wire [127:0] read_data;

  `REMORA_TOP dut (
      .aclk(aclk),
      .aresetn(1'b0),
`ifdef REMORA_TEST_MODE
      .test_mode(1'b0),
`endif
      .s_axis_tdata(32'b0),
      .s_axis_tkeep(4'b0),
      .s_axis_tlast(1'b0),
      .s_axis_tvalid(1'b0),
      .m_axis_tready(1'b0),
      .s_axil_awaddr({ADDRESS_BITS{1'b0}}),
      .s_axil_awvalid(1'b0),
      .s_axil_wdata(32'b0),
      .s_axil_wstrb(4'b0),
      .s_axil_wvalid(1'b0),
      .s_axil_bready(1'b0),
      .s_axil_araddr({ADDRESS_BITS{1'b0}}),
      .s_axil_arvalid(1'b0),
      .s_axil_rready(1'b0),
      .memory_test_enable(1'b1),
      .memory_test_select(select),
      .memory_test_write(write),
      .memory_test_read(read),
      .memory_test_address(address),
      .memory_test_write_data(write_data),
      .memory_test_read_data(read_data)
  );

  initial aclk = 0;
  always #(HALF_PERIOD_NS) aclk = !aclk;

  // The macro at work: its words, the bits of one, and the background, whose opposite the ones are.
  integer count, bits;
  reg [127:0] zeros, ones;
  integer compared, wrong, faulty;

  task write_word(input integer at, input [127:0] word);
    begin
      @(negedge aclk);
      write = 1;
      address = at;
      write_data = word;
    end
  endtask

  task read_word(input integer at, input [127:0] word);
    begin
      @(negedge aclk);
      write = 0;
      read = 1;
      address = at;
      @(negedge aclk);
      read = 0;
      compared = compared + 1;
      if (read_data !== word) begin
        // The first one of a macro is told.
        if (wrong == 0) $display("macro %0d, word %0d: expected %h, got %h", select, at, word, read_data);
        wrong = wrong + 1;
      end
    end
  endtask

  // Reads one word of each address and writes the opposite of it.
  task sweep(input downwards, input [127:0] old, input [127:0] next);
    integer step, at;
    for (step = 0; step < count; step = step + 1) begin
      at = downwards ? count - 1 - step : step;
      read_word(at, old);
      write_word(at, next);
    end
  endtask

  // Stripes are `stripe` bits wide; 0 is a word of equal bits.
  task march(input integer stripe);
    integer bit_, at;
    begin
      zeros = 0;
      ones = 0;
      for (bit_ = 0; bit_ < bits; bit_ = bit_ + 1) begin
        zeros[bit_] = stripe == 0 ? 1'b0 : (bit_ / stripe) % 2 == 1;
        ones[bit_] = !zeros[bit_];
      end
      for (at = 0; at < count; at = at + 1) write_word(at, zeros);
      sweep(0, zeros, ones);
      sweep(0, ones, zeros);
      sweep(1, zeros, ones);
      sweep(1, ones, zeros);
      for (at = 0; at < count; at = at + 1) read_word(at, zeros);
    end
  endtask

  // All bits low, stripes high, all bits high, stripes low, and the same with the other stripes.
  task neighbours;
    integer at, turn;
    reg [127:0] word;
    for (at = 0; at < count; at = at + 1)
      for (turn = 0; turn <= 8; turn = turn + 1) begin
        case (turn)
          0, 4, 8: word = 0;
          1, 3: word = ones;
          2, 6: word = zeros | ones;
          default: word = zeros;
        endcase
        write_word(at, word);
        read_word(at, word);
      end
  endtask

  integer number, stripe;
  initial begin
    write = 0;
    read = 0;
    compared = 0;
    faulty = 0;
    for (number = 0; number < MEMORIES; number = number + 1) begin
      select = number;
      count = words(number);
      bits = width(number);
      wrong = 0;
      march(0);
      for (stripe = 1; stripe < bits; stripe = 2 * stripe) begin
        march(stripe);
        neighbours;
      end
      if (wrong != 0) faulty = faulty + 1;
    end
    // No macro has this number.
    select = MEMORIES;
    wrong = 0;
    count = 1;
    write_word(0, {128{1'b1}});
    read_word(0, 0);
    if (wrong != 0) $display("FAIL: a number that no macro has");
    else if (faulty != 0) $display("FAIL: %0d of %0d macros", faulty, MEMORIES);
    else if (MEMORIES == 0) $display("FAIL: no macro to test");
    else $display("PASS: %0d words of %0d macros compared", compared, MEMORIES);
    $finish;
  end
endmodule

`default_nettype wire

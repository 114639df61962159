// A tile and two cells that start from memory images, and print at the end what they hold.
`timescale 1ns / 1ps
module images_bench;
  remora_crossbar #(
      .ROWS(2), .COLUMNS(3), .COLUMN_BITS(2), .LEVELS(4), .FRACTION_BITS(0), .NAME("tile")
  ) tile (
      .clk(1'b0), .reset(1'b0), .wl_pos(2'b0), .wl_neg(2'b0), .plane(3'b0), .integrate(1'b0), .integrator(1'b0),
      .sample(1'b0),
      .convert(1'b0), .code(), .valid(), .current(), .column(2'b0), .up(2'b0), .down(2'b0), .side(2'b0),
      .pulse(1'b0), .busy(), .pos_rest(), .pos_full(), .neg_rest(), .neg_full()
  );
  remora_bistable #(
      .CELLS(2), .CELL_BITS(1), .CURRENT_BITS(8), .FRACTION_BITS(0), .THRESHOLD_BITS(6), .NAME("cells")
  ) cells (
      .clk(1'b0), .reset(1'b0), .current(16'b0), .clear(1'b0), .settle(1'b0), .state(), .cell_index(1'b0),
      .load_low(1'b0), .load_high(1'b0), .threshold(6'b0), .low(), .high()
  );
  // Without variables of its own: Icarus Verilog 11 ends a final block where a scope opens in it.
  final begin
    $display("weights %0d %0d %0d", tile.weight[0][0], tile.weight[0][1], tile.weight[0][2]);
    $display("weights %0d %0d %0d", tile.weight[1][0], tile.weight[1][1], tile.weight[1][2]);
    $display("thresholds %0d %0d", cells.low_of[0], cells.high_of[0]);
    $display("thresholds %0d %0d", cells.low_of[1], cells.high_of[1]);
  end
endmodule

// Wide multiplexers as AOI22 cells before NANDs. ABC turns them round, with an inverter before each input.
(* techmap_celltype = "$pmux" *)
module one_hot_mux (A, B, S, Y);
  parameter WIDTH = 1;
  parameter S_WIDTH = 1;
  parameter [WIDTH-1:0] _TECHMAP_CONSTMSK_A_ = 0;
  parameter [WIDTH-1:0] _TECHMAP_CONSTVAL_A_ = 0;
  parameter [WIDTH*S_WIDTH-1:0] _TECHMAP_CONSTMSK_B_ = 0;
  input [WIDTH-1:0] A;
  input [WIDTH*S_WIDTH-1:0] B;
  input [S_WIDTH-1:0] S;
  output [WIDTH-1:0] Y;

  // What no strobe selects: nothing where it is x or 0.
  localparam NOTHING = &_TECHMAP_CONSTMSK_A_ && (_TECHMAP_CONSTVAL_A_ === {WIDTH{1'bx}} || _TECHMAP_CONSTVAL_A_ === {WIDTH{1'b0}});
  localparam TERMS = NOTHING ? S_WIDTH : S_WIDTH + 1;
  localparam PAIRS = (TERMS + 1) / 2;
  // Gates with constants are left to ABC, and small ones, which may stand in a long path.
  wire _TECHMAP_FAIL_ = WIDTH < 8 || WIDTH * S_WIDTH <= 256 || |_TECHMAP_CONSTMSK_B_ || (|_TECHMAP_CONSTMSK_A_ && !NOTHING);

  wire [WIDTH*(S_WIDTH+1)-1:0] data = {A, B};
  wire [S_WIDTH:0] strobes = {~|S, S};
  genvar column, pair;
  generate
    for (column = 0; column < WIDTH; column = column + 1) begin : of_column
      wire [PAIRS-1:0] low;
      for (pair = 0; pair < PAIRS; pair = pair + 1) begin : of_pair
        if (2 * pair + 1 < TERMS) begin : two
          AOI22X1 gate (
              .A(data[2*pair*WIDTH+column]), .B(strobes[2*pair]),
              .C(data[(2*pair+1)*WIDTH+column]), .D(strobes[2*pair+1]), .Y(low[pair])
          );
        end else begin : one
          assign low[pair] = ~(data[2*pair*WIDTH+column] & strobes[2*pair]);
        end
      end
      assign Y[column] = ~&low;
    end
  endgenerate
endmodule

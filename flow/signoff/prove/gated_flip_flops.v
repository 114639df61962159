// Flip-flops on a gated clock, in proofs whose steps are cycles of the clock: CLK tells whether it ticks at the end of one.
(* techmap_celltype = "$dff" *)
module gated_dff (
    CLK,
    D,
    Q
);
  parameter WIDTH = 1;
  parameter CLK_POLARITY = 1;
  input CLK;
  input [WIDTH-1:0] D;
  output [WIDTH-1:0] Q;
  wire _TECHMAP_FAIL_ = !CLK_POLARITY;
  \$ff #(.WIDTH(WIDTH)) _TECHMAP_REPLACE_ (.D(CLK ? D : Q), .Q(Q));
endmodule

(* techmap_celltype = "$adff" *)
module gated_adff (
    CLK,
    ARST,
    D,
    Q
);
  parameter WIDTH = 1;
  parameter CLK_POLARITY = 1;
  parameter ARST_POLARITY = 1;
  parameter ARST_VALUE = 0;
  input CLK, ARST;
  input [WIDTH-1:0] D;
  output [WIDTH-1:0] Q;
  wire _TECHMAP_FAIL_ = !CLK_POLARITY;
  wire _TECHMAP_REMOVEINIT_Q_ = 1;
  parameter [WIDTH-1:0] _TECHMAP_WIREINIT_Q_ = {WIDTH{1'bx}};
  wire set = ARST == ARST_POLARITY;
  (* init = _TECHMAP_WIREINIT_Q_ *) wire [WIDTH-1:0] held;
  assign Q = set ? ARST_VALUE : held;
  \$ff #(.WIDTH(WIDTH)) _TECHMAP_REPLACE_ (.D(set ? ARST_VALUE : CLK ? D : held), .Q(held));
endmodule

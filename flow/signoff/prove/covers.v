// A cover as the assertion that it is not reached, which an engine refutes.
(* techmap_celltype = "$cover" *)
module unreached (
    A,
    EN
);
  input A, EN;
  \$assert _TECHMAP_REPLACE_ (.A(!A), .EN(EN));
endmodule

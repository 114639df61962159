// The one writer of traces: the records of one kind, into the file DIR/KIND.bin with +remora_trace=DIR, else nowhere.
//
// A record is a packed struct of the package `remora_trace`, which is generated from the fields in spec: the first field
// in the low bits. It is written as 32-bit words, low word first, which is the byte order of spec/lib/trace.py. A bit that
// is unknown ends the simulation: in the file it would be 0.
`timescale 1ns / 1ps
`default_nettype none

module remora_trace_file #(
    parameter KIND = "kind",
    parameter int BITS = 32,
    parameter bit PADDED = 0  // the last 16 bits fill the last word
) (
    output wire tracing
);
  string directory, path;
  bit opened = 0;
  int file;
  assign tracing = opened;
  initial
    if ($value$plusargs("remora_trace=%s", directory)) begin
      opened = 1;
      $sformat(path, "%0s/%0s.bin", directory, KIND);
      file = $fopen(path, "wb");
      if (file == 0) $fatal(1, "cannot write a trace into %s", directory);
    end
  final if (opened) $fclose(file);

  task automatic write(input logic [BITS-1:0] record);
    logic [BITS-1:0] padded;
    padded = record;
    if (PADDED) padded[BITS-1-:16] = 0;
    if (opened && ^padded === 1'bx) $fatal(1, "a record of kind %s holds an unknown value", KIND);
    if (opened) $fwrite(file, "%u", padded);
  endtask
endmodule

`default_nettype wire

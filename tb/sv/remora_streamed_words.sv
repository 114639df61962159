// Words as they are streamed: put together from what is really on the wordlines, plane by plane. Its owner calls `add`
// in each cycle that integrates, and reads `words` after the last plane.
`timescale 1ns / 1ps
`default_nettype none

module remora_streamed_words #(
    parameter int ROWS = 1,
    parameter int PLANE_BITS = 3
) ();
  shortint words[ROWS];

  task automatic add(
      input logic [PLANE_BITS-1:0] plane, input logic [ROWS-1:0] positive, input logic [ROWS-1:0] negative
  );
    for (int unsigned i = 0; i < ROWS; i++) begin
      shortint word;
      word = plane == 0 ? 0 : words[i];
      if (positive[i]) word = word + (shortint'(1) << plane);
      if (negative[i]) word = word - (shortint'(1) << plane);
      words[i] = word;
    end
  endtask
endmodule

`default_nettype wire

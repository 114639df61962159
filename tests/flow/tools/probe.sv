// Something to look at: a register that nobody initialises, an inner signal, a plusarg, and a check that fails on request.
module probe (input logic clk, input logic trip, output logic [31:0] forgotten_word, output logic plusarg_seen);
  logic [31:0] forgotten;
  logic [31:0] inner_signal;
  always_ff @(posedge clk) begin
    forgotten <= forgotten ^ inner_signal;
    inner_signal <= forgotten + 3;
  end
  assign forgotten_word = forgotten;
  initial begin
    plusarg_seen = 0;
    if ($test$plusargs("seen")) plusarg_seen = 1;
    if ($test$plusargs("complain")) $error("the design complains");
    if ($test$plusargs("die")) $fatal(1, "the design gives up");
  end
endmodule

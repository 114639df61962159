// An update ends, after so many cycles at most, where what the engine waits for is not away for longer than so many.
`default_nettype none

module comes_rules #(
    parameter MOST_CYCLES = 120,
    parameter LEAST_CYCLES = 40,
    parameter MOST_STEPS = 2,
    parameter LENGTH_BITS = 2,
    parameter WAITS = 4,
    parameter [8*WAITS-1:0] AWAY = {WAITS{8'd3}}  // for how long each may be away
) (
    input wire clk,
    input wire rst,
    input wire start,
    input wire done,
    input wire preparing,
    input wire in_error,  // the engine waits for errors
    input wire [LENGTH_BITS-1:0] length,  // steps of the sequence
    input wire [WAITS-1:0] there,  // what is waited for
    output wire working,
    output wire prompt
);
  reg busy = 0;
  reg [7:0] cycles = 0;
  reg [LENGTH_BITS-1:0] began;
  reg [7:0] away[0:WAITS-1];
  wire [WAITS-1:0] soon;
  genvar k;
  generate
    for (k = 0; k < WAITS; k = k + 1) begin : of_wait
      always @(posedge clk) away[k] <= rst || there[k] ? 0 : away[k] + 1;
      assign soon[k] = there[k] || away[k] < AWAY[8*k+:8];
    end
  endgenerate
  // Of a sequence that is there and stays.
  assign prompt = rst || (&soon && (!busy || length == began)
      && (!start || (length != 0 && length <= MOST_STEPS)));
  assign working = busy;
  always @(posedge clk) begin
    if (start) began <= length;
    busy   <= !rst && (start || (busy && !done));
    cycles <= rst || start ? 0 : cycles + busy;
  end

  // The state that is taken for that of waiting is the first of an update, in which nothing is prepared yet.
  reg started = 0;
  always @(posedge clk) started <= !rst && start;
  prepares: assert property (rst || ((!started || in_error) && (!in_error || preparing) && (busy || !preparing)));
  reached_prepares: cover property (!rst && in_error);
  comes: assert property (rst || !busy || cycles < MOST_CYCLES);
  reached_comes: cover property (!rst && busy && done && cycles >= LEAST_CYCLES);
endmodule

`default_nettype wire

// What software does through the registers is allowed by the guards, one write at a time. Where a proof is given that,
// only `kept` is made.
`default_nettype none

module guards_rules #(
    parameter COMMANDS = 1,
    parameter LOADS = 0,
    parameter FIELDS = 1,
    parameter GIVEN = 0
) (
    input wire clk,
    input wire rst,
    input wire guard_halted,
    input wire guard_commands,
    input wire guard_discharged,
    input wire run,
    input wire abort,
    input wire [COMMANDS-1:0] commands,  // pulses that ask for something; all of them stand under one guard
    input wire guard_loads,
    input wire [1:0] loads,  // strobes of writes, in the cycle of the access, where there are some
    input wire charged_command,  // one of those that need empty integrators
    input wire [FIELDS-1:0] fields,  // settings that change only while the core is halted
    output wire kept
);
  reg held = 0, known = 0, halted, allowed, discharged, ran, acted;
  reg [FIELDS-1:0] before;
  wire asked = known && commands != 0, raised = known && run && !ran, changed = known && fields != before;
  wire acts = asked || changed || (known && (run != ran || abort));
  always @(posedge clk) begin
    held <= rst;  // in reset, and so in the cycle after it, registers hold their reset values
    known <= !rst;
    halted <= guard_halted;
    allowed <= guard_commands;
    discharged <= guard_discharged;
    ran <= run;
    acted <= acts && !rst;
    before <= fields;
  end

  wire silent_holds = !held || (!run && !abort && commands == 0);
  wire commanded_holds = !asked || (allowed && (!charged_command || discharged));
  wire loaded_holds = loads == 0 || (guard_loads && loads != 2'b11);
  wire halted_holds = !changed || halted;
  wire discharged_holds = !raised || discharged;
  wire apart_holds = !(known && acted && acts);
  wire alone_holds = !asked || (run == ran && !abort && !changed);
  assign kept = loaded_holds && (rst || (silent_holds && commanded_holds && halted_holds && discharged_holds
      && apart_holds && alone_holds));

  generate
    if (GIVEN == 0) begin : stated
      silent: assert property (rst || silent_holds);
      reached_silent: cover property (!rst && held);
      commanded: assert property (rst || commanded_holds);
      reached_commanded: cover property (!rst && asked);
      halted_only: assert property (rst || halted_holds);
      reached_halted_only: cover property (!rst && changed);
      discharged_only: assert property (rst || discharged_holds);
      reached_discharged_only: cover property (!rst && raised);
      // A guard that falls because of a write is seen by the next one.
      apart: assert property (rst || apart_holds);
      reached_apart: cover property (!rst && acts && !asked);
      alone: assert property (rst || alone_holds);
      reached_alone: cover property (!rst && asked && run);
    end
    if (GIVEN == 0 && LOADS != 0) begin : loads_stated
      // Also in a reset.
      loaded: assert property (loaded_holds);
      reached_loaded: cover property (!rst && loads == 2'b10);
    end
  endgenerate
endmodule

`default_nettype wire

// BMRU core: blackbox for synthesis. Same ports as the behavioural model in remora_bmru_core.sv.
`timescale 1ns / 1ps
(* blackbox *)
module remora_bmru_core #(
    parameter FEATURES = 13,
    parameter WIDTH = 4,
    parameter BLOCKS = 2,
    parameter CLASSES = 2,
    parameter CLASS_BITS = 1,
    parameter FEATURE_BITS = 10,
    parameter FEATURE_STEP_PA = 10,
    parameter RATIO_BITS = 8,
    parameter RATIO_FRACTION = 5,
    parameter BIAS_BITS = 10,
    parameter BIAS_STEP_PA = 10,
    parameter NODE_BITS = 18,
    parameter LEAKAGE_PA = 5,
    parameter SETTLE_FACTOR = 3,
    parameter SETTLE_SHIFT = 2,
    parameter HOLD_CYCLES = 292,
    parameter CHARGE_BITS = 48,
    parameter MISMATCH = 0,
    parameter BIAS_ERROR = 0,
    parameter NOISE_PA = 0,
    parameter SEED = 1
) (
    input clk,
    input reset,
    input scan_enable,
    input scan_in,
    output scan_out,
    input scan_capture,
    input scan_latch,
    input [FEATURES*FEATURE_BITS-1:0] feature,
    input clear,
    input settle,
    input [BLOCKS-1:0] evaluate,
    input sample,
    output [BLOCKS*WIDTH-1:0] state,
    output [CLASS_BITS-1:0] winner,
    output valid,
    output [CHARGE_BITS-1:0] charge
);
endmodule

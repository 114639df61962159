#!/usr/bin/env bash
# Icarus Verilog 11 ends a `final` block, without a word and with exit status 0, at its first inner block that has a name
# or a variable of its own, such as `for (int k …)`: nothing of that block runs, nor anything after it. So checks that a
# testbench makes at its end may never be made. The same statements run whole in an `initial` block, and loops over
# variables of the module run in a `final` block too.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
iverilog -V 2> /dev/null | head -1 > version || true
grep -q 'version 11\.0' version || { echo "this is about iverilog 11.0 (apt on Debian 12), not: $(cat version)"; exit 2; }
# Which lines a block prints: before, within and after an inner statement.
lines() {
  printf 'module top;\n integer i;\n %s begin\n $display("before");\n %s\n $display("after");\n end\nendmodule\n' \
    "$1" "$2" > top.sv
  iverilog -g2012 -o top top.sv
  vvp -n top | tr '\n' ' '
}
declared='for (int k = 0; k < 2; k = k + 1) $display("within");'
named='begin : inner $display("within"); end'
outer='for (i = 0; i < 2; i = i + 1) $display("within");'
cat version
status=0
for case in "initial|$declared|before within within after " "initial|$named|before within after " \
  "final|$outer|before within within after " "final|$declared|before " "final|$named|before "; do
  IFS='|' read -r kind body wanted <<< "$case"
  found=$(lines "$kind" "$body"; echo .)
  printf '  %-7s %-52s prints: %s\n' "$kind" "$body" "${found%.}"
  [ "${found%.}" = "$wanted" ] || status=1
done
exit $status

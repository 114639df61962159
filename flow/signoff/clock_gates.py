"""Clock gates before flip-flops with one enable: the enable stops their clock, and no flip-flop needs a multiplexer."""

from __future__ import annotations

from collections.abc import Sequence

from remora.flow.generate.macros.shapes import ENABLE_GATE

_PORTS = "input clk, input enable, output gated"
BLACKBOX = f"(* blackbox *)\nmodule {ENABLE_GATE.module} ({_PORTS});\nendmodule\n"
"""Verilog for synthesis."""
MODEL = f"""\
// Clock gate: a latch that is open while the clock is low, and an AND. The gated clock comes an event after the clock:
// flip-flops have to take more events than that, as the library's do, or to assign without blocking.
module {ENABLE_GATE.module} ({_PORTS});
  reg held;
  always @(clk or enable) if (!clk) held = enable;
  assign gated = clk & held;
endmodule
"""
"""Verilog for simulators."""

# Of flip-flops without an enable, and of those that a reset sets at any time.
_PLAIN = ("$_DFF_P_", "$_DFF_PP?_")
_TIDY = ("opt_expr", "opt_merge", "opt_clean")


def gate_clocks(fewest: int) -> Sequence[str]:
    """Passes of Yosys that gate the clock of every ``fewest`` or more flip-flops with the same enable.

    They stand after the mapping to flip-flops of one bit. A reset joins the enable first, since it acts at an edge of
    the same clock. `opt_dff` would take both apart again.
    """
    return (
        _legalize(*_PLAIN, "$_DFFE_PP_", "$_SDFF_PP?_", "$_SDFFCE_PP?P_"),
        *_TIDY,
        _legalize(*_PLAIN, "$_DFFE_PP_"),
        *_TIDY,
        f"clockgate -pos {ENABLE_GATE.module} enable:clk:gated -min_net_size {fewest}",
    )


def _legalize(*kinds: str) -> str:
    return " ".join(["dfflegalize", *(f"-cell {kind} 01" for kind in kinds)])

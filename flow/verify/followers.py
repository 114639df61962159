"""Inputs of a simulated top level, and registers that follow them, so that Verilator computes only what changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

CLOCK = "aclk"
EDGE = """\
`ifdef __ICARUS__
`define EDGE(bit) posedge bit or negedge bit
`else
`define EDGE(bit) edge bit
`endif
"""
"""What `followers` needs before: Icarus Verilog 11 knows no ``edge``."""


def follower(name: str) -> str:
    """Register that follows an input of this name."""
    return f"in_{name}"


def inner_names(ports: Sequence[Mapping]) -> dict[str, str]:
    """Signal inside the harness by port of the sidecar: the follower of an input, the port itself of anything else."""
    return {port["name"]: follower(port["name"]) if _is_followed(port) else port["name"] for port in ports}


def followers(ports: Sequence[Mapping]) -> str:
    """Declarations of a register for each input but the clock, which takes every change in the step of its time.

    Verilator settles all that depends on an input of the top module at every evaluation, of which a cycle has several;
    what depends on a register it settles only after the register was written.
    """
    inner = inner_names(ports)
    return "".join(
        f"  reg [{port['width'] - 1}:0] {inner[port['name']]};\n"
        f"  initial {inner[port['name']]} = {port['name']};\n"
        # A process without an edge is combinational to Verilator, and the register would be the input again.
        f"  always @(`EDGE({port['name']}[0]) or {port['name']})"
        f" {inner[port['name']]} <= {port['name']};\n"
        for port in ports
        if _is_followed(port)
    )


def _is_followed(port: Mapping) -> bool:
    return port["direction"] == "input" and port["name"] != CLOCK

"""The design under test in a plain testbench: its pins as variables and wires, and the instance."""

from __future__ import annotations

CLOCKED = ("aclk", "aresetn")
"""Pins that the bench declares and drives itself."""


def design_under_test(ports: list[dict], high: tuple[str, ...] = ()) -> str:
    """SystemVerilog of a variable for each input and a wire for each output, and of ``dut``, of module ``remora``.

    Args:
        ports: of the design, as its sidecar lists them.
        high: inputs whose names end like this start at 1, the others at 0.
    """
    declared = [
        f"  reg [{port['width'] - 1}:0] {port['name']} = {int(port['name'].endswith(high))};"
        if port["direction"] == "input"
        else f"  wire [{port['width'] - 1}:0] {port['name']};"
        for port in ports
        if port["name"] not in CLOCKED
    ]
    connected = ", ".join(f".{port['name']}({port['name']})" for port in ports)
    return "\n".join([*declared, f"  remora dut ({connected});"])

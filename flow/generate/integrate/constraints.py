"""SDC of a top: one clock for every clock input, and what the surroundings take of its period at the other ports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from remora.flow.generate.macros.assumptions import Assumptions
from remora.hdl.lib.hierarchy import Port
from remora.hdl.lib.memory_test.access import PREFIX

TEST_MODE, MEMORY_TEST = "test_mode", f"{PREFIX}_enable"
"""Inputs that are low in operation."""


def constraints(ports: Mapping[str, Port], clocks: Sequence[str], assumptions: Assumptions) -> str:
    """Constraints of a top with these ports.

    Args:
        ports: by name, those of the clocks among them.
        clocks: inputs that clock flip-flops and macros; the first one is the clock of the other ports.
        assumptions: period, uncertainty and delays, in ns.
    """
    lines = [f"create_clock -name {name} -period {assumptions.period} [get_ports {name}]" for name in clocks]
    lines += [f"set_clock_uncertainty -setup {assumptions.clock_uncertainty} [get_clocks {name}]" for name in clocks]
    constant = [name for name in (TEST_MODE, MEMORY_TEST) if name in ports]
    lines += [f"set_case_analysis 0 [get_ports {name}]" for name in constant]
    for direction, delay in (("input", assumptions.input_delay), ("output", assumptions.output_delay)):
        for name, port in ports.items():
            if port.direction == direction and name not in (*clocks, *constant):
                pins = f"{{{name}[*]}}" if port.width > 1 else name
                lines.append(f"set_{direction}_delay {delay} -clock {clocks[0]} [get_ports {pins}]")
    return "\n".join(lines) + "\n"

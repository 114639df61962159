"""Trees of buffers for nets with more sinks than allowed, clocks apart: a clock tree is built with the layout."""

from __future__ import annotations

from remora.flow.signoff.netlist import Netlist, Pin

BUFFER, INPUT, OUTPUT = "BUFX4", "A", "Y"


def buffer_fanout(netlist: Netlist, most: int) -> int:
    """Give each net at most ``most`` sinks, by buffers that each drive a group; returns how many buffers were put in.

    Sinks are grouped in the order of their names, so that those of one block share a buffer. A buffer belongs to the
    block of the net's driver. Ports of the top module stay on their net.

    Raises:
        ValueError: ``most`` is below 2.
    """
    if most < 2:
        raise ValueError(f"a net with at most {most} sinks cannot branch: give 2 or more")
    clocks, drivers, count = netlist.clock_nets(), netlist.drivers(), 0
    number = 1 + max((bit for _, _, bit in netlist.pins() if isinstance(bit, int)), default=1)
    for net, sinks in sorted(netlist.sinks().items()):
        if net in clocks:
            continue
        level = sorted((pin for pin in sinks if pin.cell), key=lambda pin: (pin.cell, pin.port, pin.index))
        room = most - (len(sinks) - len(level))
        block = netlist.block_of(drivers[net].cell)
        while len(level) > room:
            groups = -(-len(level) // most)
            # Even groups: no buffer with a sink or two beside full ones.
            size = -(-len(level) // groups)
            above = []
            for first in range(0, len(level), size):
                name = f"{block}.fanout_buffer_{count}" if block else f"fanout_buffer_{count}"
                netlist.cells[name] = {
                    "hide_name": 0, "type": BUFFER, "parameters": {}, "attributes": {},
                    "port_directions": {INPUT: "input", OUTPUT: "output"},
                    "connections": {INPUT: [net], OUTPUT: [number]},
                }  # fmt: skip
                for pin in level[first : first + size]:
                    netlist.cells[pin.cell]["connections"][pin.port][pin.index] = number
                above.append(Pin(name, INPUT, 0))
                number, count = number + 1, count + 1
            level = above
    return count

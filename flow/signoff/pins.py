"""Pins and flip-flops of a mapped netlist: which macro inputs come straight from a flip-flop, which clocks are gated,
how many sinks a net has."""

from __future__ import annotations

from dataclasses import dataclass

from remora.flow.generate.macros.shapes import Kind
from remora.flow.signoff.netlist import Netlist, Pin


@dataclass(frozen=True)
class MacroInputs:
    """Inputs of macros.

    Attributes:
        wanted: bits that must come straight from a flip-flop; constant ones are not counted.
        registered: how many of them do, through buffers alone.
        tied: bits that must, and are constant.
        others: by ``macro.pin``, the wanted pins of which a bit does not.
        exempt: by ``macro.pin``, inputs that need not.
    """

    wanted: int
    registered: int
    tied: int
    others: tuple[str, ...]
    exempt: tuple[str, ...]

    @property
    def share(self) -> float | None:
        """Share of the wanted bits that come straight from a flip-flop; None where no bit must."""
        return self.registered / self.wanted if self.wanted else None


def macro_inputs(netlist: Netlist) -> MacroInputs:
    """Look at every input of every macro."""
    drivers, constants = netlist.drivers(), netlist.constants()
    wanted = registered = tied = 0
    others, exempt = set(), set()
    for name in netlist.macros.instances:
        shape = netlist.macros.shapes[netlist.cells[name]["type"]]
        for port, form in shape.ports.items():
            if form.direction != "input" or port == shape.contract.clock or port in shape.contract.wires:
                continue
            label = f"{shape.module}.{port}"
            if port not in shape.contract.registered:
                exempt.add(label)
                continue
            for bit in netlist.cells[name]["connections"].get(port, ()):
                if isinstance(bit, str) or bit in constants:
                    tied += 1
                    continue
                wanted += 1
                if netlist.is_flip_flop(netlist.cells.get(source(netlist, drivers, bit).cell, {"type": ""})["type"]):
                    registered += 1
                else:
                    others.add(label)
    return MacroInputs(wanted, registered, tied, tuple(sorted(others)), tuple(sorted(exempt)))


def source(netlist: Netlist, drivers: dict[int, Pin], net: int) -> Pin:
    """What drives a net, looked at through buffers."""
    pin = drivers[net]
    while pin.cell and (cell := netlist.library.get(netlist.cells[pin.cell]["type"])) and cell.buffers:
        bit = netlist.cells[pin.cell]["connections"][cell.buffers][0]
        if not isinstance(bit, int):
            break
        pin = drivers[bit]
    return pin


def gated_share(netlist: Netlist) -> float:
    """Share of the flip-flops whose clock comes from a clock gate; 0 where there is no flip-flop."""
    drivers, gated, count = netlist.drivers(), 0, 0
    for name in netlist.flip_flops():
        count += 1
        net = netlist.bit(Pin(name, netlist.library[netlist.cells[name]["type"]].clock, 0))
        contract = netlist.contract(cell) if isinstance(net, int) and (cell := drivers[net].cell) else None
        gated += contract is not None and contract.kind is Kind.CLOCK_GATE
    return gated / count if count else 0.0


@dataclass(frozen=True)
class Fanout:
    """Sinks of nets.

    Attributes:
        most: of any net that is no clock.
        net: its name.
        clocks, reset: sinks by the name of the net.
    """

    most: int
    net: str
    clocks: dict[str, int]
    reset: dict[str, int]


RESET = "aresetn"
"""Input of every top that resets it."""


def fanout(netlist: Netlist) -> Fanout:
    """Count the sinks of every net."""
    clock_nets = netlist.clock_nets()
    counts = {net: len(sinks) for net, sinks in netlist.sinks().items()}
    clocks = {netlist.net_name(net): counts[net] for net in sorted(clock_nets)}
    reset_net = netlist.bit(Pin("", RESET, 0)) if RESET in netlist.ports else None
    reset = {RESET: counts.get(reset_net, 0)} if isinstance(reset_net, int) else {}
    net, most = max(((net, count) for net, count in counts.items() if net not in clock_nets), key=lambda one: one[1])
    return Fanout(most, netlist.net_name(net), clocks, reset)

"""How the port of the memory test reaches the macros: from module to module, each with the ports that those below need.

A module above macros has the bus as inputs, one select for each macro below it, and the word of the chosen macro as
output. Every macro puts its word, or zeros where it is not chosen, on what those before it put there.
"""

from __future__ import annotations

from collections.abc import Mapping

from amaranth.hdl import Const, Module, Mux, Signal, Value

from remora.hdl.lib.memory_test.port import ADDRESS_BITS
from remora.spec.lib.macro_memories import MOST_WIDTH

BUS = {"enable": 1, "write": 1, "read": 1, "address": ADDRESS_BITS, "write_data": MOST_WIDTH}
"""Signals that all macros share, and their bits."""
PREFIX = "memory_test"
BEFORE, READ_DATA = f"{PREFIX}_before", f"{PREFIX}_read_data"
"""Ports of a module for what the macros before those below it read, and for what these and the former read."""


class TestAccess:
    """The memory test in a module while it is converted.

    Attributes:
        count: macros so far, those of submodules included.
        bus: signals by their names in `BUS`.

    Args:
        port: of a top, signals by their names in `remora.hdl.lib.memory_test.port.MemoryTestPort`; None for a module
            below it, which gets ports.
    """

    __test__ = False  # to pytest

    def __init__(self, port: Mapping[str, Value] | None = None) -> None:
        self.count = 0
        self._port = port
        self.bus = {name: port[name] if port else Signal(width, name=f"{PREFIX}_{name}") for name, width in BUS.items()}
        self._selects: list[Signal] = []
        self._read: Value = Const(0, MOST_WIDTH) if port else Signal(MOST_WIDTH, name=BEFORE)
        self._before = self._read

    def _select(self) -> Value:
        """Whether the next macro is the chosen one."""
        number, self.count = self.count, self.count + 1
        if self._port:
            return self._port["select"] == number
        self._selects.append(Signal(name=f"{PREFIX}_select_{number}"))
        return self._selects[-1]

    def add_macro(self, m: Module, word: Value, **pins: Value) -> dict[str, Value]:
        """Reach a macro of the module.

        Args:
            word: what it read last.
            pins: what the core drives its pins with: ``write``, ``write_address``, ``write_data``, ``read`` and
                ``read_address``.

        Returns:
            What drives the pins.
        """
        select, enable = self._select(), self.bus["enable"]
        read = Signal(MOST_WIDTH, name=f"{PREFIX}_read_{self.count}")
        # Nothing of the core shows in operation, and no path to the port is timed then.
        m.d.comb += read.eq(self._read | (word & (select & enable).replicate(len(word))))
        self._read = read
        tested = {
            "write": self.bus["write"] & select,
            "write_address": self.bus["address"],
            "write_data": self.bus["write_data"],
            "read": self.bus["read"] & select,
            "read_address": self.bus["address"],
        }
        return {name: Mux(enable, tested[name][: len(pin)], pin) for name, pin in pins.items()}

    def add_submodule(self, count: int) -> dict[str, Value]:
        """Reach so many macros below a submodule; returns what its ports are connected to, by ``i_`` or ``o_`` and
        name."""
        before, self._read = self._read, Signal(MOST_WIDTH, name=f"{PREFIX}_read_{self.count}")
        return {
            **{f"i_{PREFIX}_{name}": signal for name, signal in self.bus.items()},
            **{f"i_{PREFIX}_select_{number}": self._select() for number in range(count)},
            f"i_{BEFORE}": before,
            f"o_{READ_DATA}": self._read,
        }

    @property
    def inputs(self) -> dict[str, Value]:
        """Inputs of the module for its macros, beside those of its signature; none where it has no macro."""
        if not self.count or self._port:
            return {}
        ports = {f"{PREFIX}_{name}": signal for name, signal in self.bus.items()}
        return {**ports, **{select.name: select for select in self._selects}, BEFORE: self._before}

    @property
    def outputs(self) -> dict[str, Value]:
        """Outputs of the module for its macros; that of a top is of its signature."""
        return {READ_DATA: self._read} if self.count else {}

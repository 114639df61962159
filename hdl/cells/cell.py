"""The interface of all cells: what stands between the hidden layer's crossbars and the streamer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from amaranth.hdl import Module, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.lib.counters import CounterIncrements
from remora.hdl.lib.registers import RegisterBlock
from remora.hdl.lib.steps import StepEnd
from remora.spec.crossbar.counters import Counter
from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib.fixed import unsigned_width


class Cell(wiring.Component):
    """Turns what the hidden layer's columns give into the next states, and states into streamed words.

    A cell answers for its own ports: the class methods give the signatures by which the sequencer, the crossbars and
    the registers reach it, so that these blocks do not ask which cell they have. A cell that is not at the bitlines
    also says, by ``ended``, when the last words of a step are stored.

    Ports:
        control: strobes of the sequencer, as of ``control_port``.
        columns: the hidden layer's columns, as of ``column_port``.
        host: what the registers set, as of ``host_port``; to be changed only while the core is halted.
        streamed: the context whose words are streamed to the hidden layer.
        words: of that context, one a hidden unit, ``stream_bits`` of magnitude below one sign bit.
        read_out: the context whose words are streamed to the readout.
        readout_words: of that context.
        counts: what saturated in this cycle.

    Args:
        saturations: bits of the counters of what saturates in this cell; none where None.
        ports: further ports.
    """

    at_bitlines: ClassVar[bool] = False
    """The cell is a macro at the bitlines: the crossbar array places it, and takes no converted columns."""

    def __init__(
        self, design: DesignPoint, saturations: Mapping[Counter, int] | None = None, **ports: wiring.Member
    ) -> None:
        self.design = design
        words = (design.formats.stream_bits + 1) * design.network.hidden
        context = unsigned_width(design.system.contexts - 1)
        super().__init__(
            {
                "control": In(self.control_port(design)),
                "columns": Out(self.column_port(design)),
                "host": In(self.host_port(design)),
                **{name: In(context) for name in ("streamed", "read_out")},
                **{name: Out(words) for name in ("words", "readout_words")},
                "counts": Out(CounterIncrements(saturations or {})),
                **({} if self.at_bitlines else {"ended": Out(StepEnd(design))}),
                **ports,
            }
        )

    @classmethod
    def control_port(cls, design: DesignPoint) -> wiring.Signature:
        """The sequencer's strobes, seen from the sequencer."""
        raise NotImplementedError

    @classmethod
    def column_port(cls, design: DesignPoint) -> wiring.Signature:
        """The hidden layer's columns, seen from the cell."""
        raise NotImplementedError

    @classmethod
    def host_port(cls, design: DesignPoint) -> wiring.Signature:
        """What the registers set and read, seen from the registers."""
        raise NotImplementedError

    @classmethod
    def connect_registers(cls, m: Module, registers: RegisterBlock, host: wiring.PureInterface, halted: Value) -> None:
        """Connect a host port, seen from outside, with the registers.

        Args:
            halted: the core is halted and no window is at work.
        """
        raise NotImplementedError

    @classmethod
    def add_at_bitlines(
        cls, m: Module, design: DesignPoint, currents: list[list[Value]], columns: wiring.PureInterface, reset: Value
    ) -> None:
        """Of a cell at the bitlines: add its macros to the crossbar array.

        Args:
            currents: of each column of tiles, for each of its row tiles what the bitlines hand on, in words of
                ``remora.spec.crossbar.layout.current_bits``.
            columns: as of ``column_port``, flipped.
            reset: of the macros, from a flip-flop.
        """
        raise NotImplementedError

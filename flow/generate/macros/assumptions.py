"""What synthesis and timing assume of all that the netlist does not tell."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Assumptions:
    """Fixed figures, so that two runs compare. Times are in ns, capacitances in pF, areas in µm².

    Attributes:
        period: clock period that is asked for.
        clock_uncertainty: taken off the period for setup; hold is told for an ideal clock.
        input_delay, output_delay: what the surroundings take of the period at every port but the clock.
        macro_setup, macro_clock_to_output: of macros that are no memories, at their pins.
        macro_sense: from an input such as ``column``, or from the clock, to an output that follows within the cycle.
        memory_setup, memory_access: of memories; the access is from the clock to ``read_data``.
        macro_hold, memory_hold: hold times.
        clock_gate_setup: of the enable of a clock gate, before the rising edge of the clock.
        macro_transition: of every output of a macro or a memory.
        pin_capacitance: of every input of a macro or a memory.
        fanout_capacitance: of the wire to each sink of a net: about 25 µm at 0.2 fF/µm.
        max_fanout: most sinks of a net after buffering.
        fewest_gated: flip-flops with one enable that are worth a clock gate.
        clock_gate_area: the latch (5.6 µm × 10 µm) and the AND2X2 of the library, which has no clock gate.
        memory_bit_area, memory_macro_area: area of a memory is their sum, a bit and a macro. They are the line through
            the 64 × 8 and 512 × 8 single-port macros of the open 180 nm kit GF180MCU (431.86 µm × 232.88 µm and
            431.86 µm × 484.88 µm).
            Their cells stand 5 V and are larger than those of a 1.8 V process, which makes up
            for the second port of `remora_memory`.
    """

    period: float = 10.0
    clock_uncertainty: float = 0.25
    input_delay: float = 2.0
    output_delay: float = 2.0
    macro_setup: float = 1.0
    macro_clock_to_output: float = 1.0
    macro_sense: float = 2.0
    memory_setup: float = 0.5
    memory_access: float = 2.5
    macro_hold: float = 0.0
    memory_hold: float = 0.0
    clock_gate_setup: float = 0.3
    macro_transition: float = 0.2
    pin_capacitance: float = 0.02
    fanout_capacitance: float = 0.005
    max_fanout: int = 32
    fewest_gated: int = 4
    clock_gate_area: float = 88.0
    memory_bit_area: float = 30.4
    memory_macro_area: float = 85_000.0


ASSUMPTIONS = Assumptions()

"""Liberty abstracts of macros and memories: a cell for each shape that a design point has.

Every pin has a capacitance. An input has setup and hold at the clock. An output has the delay from the clock, and one
from each input that it follows within the cycle. Delays do not depend on load or slew: they are assumptions of
`remora.flow.generate.macros.assumptions` and no measurement. No path through the reset of a macro is timed, since a
reset is held for several cycles.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from remora.flow.generate.macros.assumptions import Assumptions
from remora.flow.generate.macros.shapes import Kind, MacroShape
from remora.hdl.lib.hierarchy import Port

LIBRARY = "remora_macros"
WIRES = "remora_wires"
"""Name of the wire load model: a capacitance for each sink of a net."""
_HEAD = """\
  delay_model : table_lookup;
  time_unit : "1ns";
  voltage_unit : "1V";
  current_unit : "1uA";
  pulling_resistance_unit : "1kohm";
  leakage_power_unit : "1nW";
  capacitive_load_unit (1, pf);
  slew_lower_threshold_pct_rise : 20;
  slew_upper_threshold_pct_rise : 80;
  slew_lower_threshold_pct_fall : 20;
  slew_upper_threshold_pct_fall : 80;
  input_threshold_pct_rise : 50;
  input_threshold_pct_fall : 50;
  output_threshold_pct_rise : 50;
  output_threshold_pct_fall : 50;
  nom_process : 1;
  nom_voltage : 1.8;
  nom_temperature : 25;
"""


def liberty(shapes: Iterable[MacroShape], assumptions: Assumptions, prefix: str = "") -> str:
    """A Liberty library of the shapes, and the wire load model `WIRES`.

    Args:
        prefix: begins the name of the library.
    """
    shapes = list(shapes)
    widths = sorted({port.width for shape in shapes for port in shape.ports.values()} - {1})
    parts = [f"library ({prefix}{LIBRARY}) {{\n{_HEAD}", _wire_load(assumptions), *map(_bus_type, widths)]
    return "".join([*parts, *(_cell(shape, assumptions) for shape in shapes), "}\n"])


def area(shape: MacroShape, assumptions: Assumptions) -> float:
    """µm² of a memory or of a clock gate; 0 of any other macro, whose area is the layout's to say."""
    match shape.contract.kind:
        case Kind.MEMORY:
            return assumptions.memory_macro_area + shape.bits * assumptions.memory_bit_area
        case Kind.CLOCK_GATE:
            return assumptions.clock_gate_area
        case Kind.HARD:
            return 0.0


def _wire_load(assumptions: Assumptions) -> str:
    # Length counts sinks: one unit of it for each.
    return (
        f"  wire_load ({WIRES}) {{\n    resistance : 0;\n    capacitance : {assumptions.fanout_capacitance};\n"
        "    area : 0;\n    slope : 1;\n    fanout_length (1, 1);\n  }\n"
    )


def _bus_type(width: int) -> str:
    return (
        f"  type (bus_{width}) {{\n    base_type : array;\n    data_type : bit;\n    bit_width : {width};\n"
        f"    bit_from : {width - 1};\n    bit_to : 0;\n    downto : true;\n  }}\n"
    )


def _cell(shape: MacroShape, assumptions: Assumptions) -> str:
    gate = shape.contract.kind is Kind.CLOCK_GATE
    lines = [f"  cell ({shape.cell}) {{", f"    area : {area(shape, assumptions):.1f};", "    dont_touch : true;"]
    lines += ["    clock_gating_integrated_cell : latch_posedge;"] if gate else ["    interface_timing : true;"]
    for name, port in shape.ports.items():
        lines += [f"    {line}" for line in _pin(shape, name, port, assumptions)]
    return "\n".join([*lines, "  }\n"])


def _pin(shape: MacroShape, name: str, port: Port, assumptions: Assumptions) -> Iterator[str]:
    """Lines of a pin or of a bus."""
    contract = shape.contract
    bus = port.width > 1
    yield f"{'bus' if bus else 'pin'} ({name}) {{"
    if bus:
        yield f"  bus_type : bus_{port.width};"
    yield f"  direction : {port.direction};"
    yield f"  capacitance : {assumptions.pin_capacitance if port.direction == 'input' else 0};"
    if name == contract.clock:
        yield "  clock : true;"
        if contract.kind is Kind.CLOCK_GATE:
            yield "  clock_gate_clock_pin : true;"
    elif name in contract.wires:
        pass
    elif name == contract.gated_clock:
        yield "  clock_gate_out_pin : true;"
        # Of both senses, half a cycle would be left from the clock to what it gates.
        yield from _delay([contract.clock], "combinational", 0.0, assumptions, "positive_unate")
    elif port.direction == "input":
        yield from ["  clock_gate_enable_pin : true;"] if contract.kind is Kind.CLOCK_GATE else []
        setup, hold = _constraints(contract.kind, assumptions)
        yield from _constraint(contract.clock, "setup_rising", setup)
        yield from _constraint(contract.clock, "hold_rising", hold)
    elif followed := contract.follows.get(name):
        inputs = [pin for one in followed for pin in _pins(one, shape.ports[one].width)]
        for pin in _pins(name, port.width):
            inner = [*_delay(inputs, "combinational", assumptions.macro_sense, assumptions)]
            inner += _delay([contract.clock], "rising_edge", assumptions.macro_sense, assumptions)
            yield from [f"  pin ({pin}) {{", *(f"  {line}" for line in inner), "  }"] if bus else inner
    else:
        yield from _delay([contract.clock], "rising_edge", _clock_to_output(contract.kind, assumptions), assumptions)
    yield "}"


def _pins(name: str, width: int) -> list[str]:
    return [f"{name}[{bit}]" for bit in range(width)] if width > 1 else [name]


def _constraints(kind: Kind, assumptions: Assumptions) -> tuple[float, float]:
    match kind:
        case Kind.MEMORY:
            return assumptions.memory_setup, assumptions.memory_hold
        case Kind.CLOCK_GATE:
            return assumptions.clock_gate_setup, assumptions.macro_hold
        case Kind.HARD:
            return assumptions.macro_setup, assumptions.macro_hold


def _clock_to_output(kind: Kind, assumptions: Assumptions) -> float:
    return assumptions.memory_access if kind is Kind.MEMORY else assumptions.macro_clock_to_output


def _constraint(clock: str, timing_type: str, value: float) -> Iterator[str]:
    yield f'  timing () {{\n      related_pin : "{clock}";\n      timing_type : {timing_type};'
    for edge in ("rise", "fall"):
        yield f'    {edge}_constraint (scalar) {{ values ("{value}"); }}'
    yield "  }"


def _delay(
    inputs: Iterable[str], timing_type: str, value: float, assumptions: Assumptions, sense: str = "non_unate"
) -> Iterator[str]:
    yield f'  timing () {{\n      related_pin : "{" ".join(inputs)}";\n      timing_type : {timing_type};'
    if timing_type == "combinational":
        yield f"    timing_sense : {sense};"
    for edge in ("rise", "fall"):
        yield f'    cell_{edge} (scalar) {{ values ("{value}"); }}'
        yield f'    {edge}_transition (scalar) {{ values ("{assumptions.macro_transition}"); }}'
    yield "  }"

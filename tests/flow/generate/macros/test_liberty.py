"""Liberty abstracts: Yosys and OpenSTA read every shape back with its pins and arcs."""

from __future__ import annotations

import json
import re

import pytest

from remora.flow.generate.macros.assumptions import ASSUMPTIONS
from remora.flow.generate.macros.liberty import LIBRARY, WIRES, area, liberty
from remora.flow.generate.macros.shapes import Contract, Kind, MacroShape
from remora.flow.signoff.synthesis import MACROS_FILE
from remora.flow.tools.opensta import run_opensta
from remora.flow.tools.yosys import run_yosys
from remora.hdl.lib.hierarchy import Port
from tests.flow.generate.macros.test_shapes import shapes_of_every_macro

GATE = MacroShape(
    "gate", "gate_1", {}, {"clk": Port("input", 1), "enable": Port("input", 1), "gated": Port("output", 1)},
    Contract(Kind.CLOCK_GATE, "clk", (), gated_clock="gated"),
)  # fmt: skip
PERIOD = 10
"""Of the clock, in ns."""


@pytest.fixture(scope="module")
def shapes() -> list[MacroShape]:
    """A shape of every macro, and a clock gate."""
    return [*shapes_of_every_macro().values(), GATE]


def test_yosys_reads_every_pin_back(shapes, tmp_path):
    (tmp_path / MACROS_FILE).write_text(liberty(shapes, ASSUMPTIONS))
    run_yosys([f"read_liberty -lib {MACROS_FILE}", "write_json read.json"], tmp_path, "read")
    modules = json.loads((tmp_path / "read.json").read_text())["modules"]
    assert modules.keys() == {shape.cell for shape in shapes}
    for shape in shapes:
        read = {name: Port(port["direction"], len(port["bits"])) for name, port in modules[shape.cell]["ports"].items()}
        assert read == dict(shape.ports), shape.cell


def wrapper(shape: MacroShape) -> str:
    """A top with the pins of a macro and nothing else."""
    ports = [
        f"{port.direction} {f'[{port.width - 1}:0] ' if port.width > 1 else ''}{name}"
        for name, port in shape.ports.items()
    ]
    return f"module top ({', '.join(shape.ports)});\n{';'.join(ports)};\n" + (
        f"{shape.cell} macro ({', '.join(f'.{name}({name})' for name in shape.ports)});\nendmodule\n"
    )


def arc_script(shape: MacroShape) -> str:
    """Asks for the check of every input, and for the paths to every output from the clock and from what it follows."""
    clock, ports = shape.contract.clock, shape.ports
    lines = [f"create_clock -name {clock} -period {PERIOD} [get_ports {clock}]"]
    inputs = [name for name, port in ports.items() if port.direction == "input" and name != clock]
    for name in ports:
        wide = f"{{{name}[*]}}" if ports[name].width > 1 else name
        if name in inputs:
            lines.append(f"set_input_delay 0 -clock {clock} [get_ports {wide}]")
        elif name != clock:
            lines.append(f"set_output_delay 0 -clock {clock} [get_ports {wide}]")
    for name, port in ports.items():
        last = f"{{{name}[{port.width - 1}]}}" if port.width > 1 else name
        pin = f"{{macro/{name}[{port.width - 1}]}}" if port.width > 1 else f"macro/{name}"
        if name in inputs:
            lines += [f'puts "ask {name} setup"', f"report_checks -path_delay max -to [get_pins {pin}]"]
            lines += [f'puts "ask {name} hold"', f"report_checks -path_delay min -to [get_pins {pin}]"]
        elif name != clock:
            lines += [f'puts "ask {name} clock"', f"report_checks -from [get_clocks {clock}] -to [get_ports {last}]"]
            for other in shape.contract.follows.get(name, ()):
                source = f"{{{other}[{ports[other].width - 1}]}}" if ports[other].width > 1 else other
                lines += [f'puts "ask {name} {other}"']
                lines += [f"report_checks -from [get_ports {source}] -to [get_ports {last}]"]
    return "\n".join(lines) + '\nputs "ask end"\n'


def expected(shape: MacroShape) -> dict[str, float]:
    """Figure of every answer to `arc_script`, from what the macro is."""
    setup, hold, output = {
        Kind.MEMORY: (0.5, 0.0, 2.5), Kind.HARD: (1.0, 0.0, 1.0), Kind.CLOCK_GATE: (0.3, 0.0, 0.0)
    }[shape.contract.kind]  # fmt: skip
    found = {}
    for name, port in shape.ports.items():
        if name == shape.contract.clock or name in shape.contract.wires:
            continue
        if port.direction == "input":
            found |= {f"{name} setup": setup, f"{name} hold": hold}
        elif name == shape.contract.gated_clock:
            # The later edge of the clock, in the middle of its period, comes through at once.
            found[f"{name} clock"] = PERIOD / 2
        else:
            followed = shape.contract.follows.get(name, ())
            found |= {f"{name} clock": 2.0 if followed else output, **{f"{name} {one}": 2.0 for one in followed}}
    return found


def test_opensta_reads_every_arc_back(shapes, cells, tmp_path):
    (tmp_path / MACROS_FILE).write_text(liberty(shapes, ASSUMPTIONS))
    counted = 0
    for shape in shapes[:-1]:
        (tmp_path / "top.v").write_text(wrapper(shape))
        script = f"read_liberty {MACROS_FILE}\nread_verilog top.v\nlink_design top\n" + arc_script(shape)
        answers = re.findall(r"^ask ([^\n]+)\n(.*?)(?=^ask )", run_opensta(script, tmp_path, "arcs"), re.M | re.S)
        wanted = expected(shape)
        for asked, answer in answers:
            check = re.search(r"(-?[\d.]+) +-?[\d.]+ +library (?:setup|hold) time", answer)
            figure = check or re.search(r"(-?[\d.]+) +data arrival", answer)
            if asked not in wanted:
                assert asked.partition(" ")[0] in shape.contract.wires and figure is None, (shape.cell, asked)
                continue
            value = abs(float(figure[1]))
            assert value == pytest.approx(wanted.pop(asked)), (shape.cell, asked, answer)
            counted += 1
        assert not wanted, (shape.cell, wanted)
    assert counted > 60


def test_a_memory_has_the_area_of_the_rule():
    memory = shapes_of_every_macro()["remora_memory"]
    words, width = (memory.parameters[name] for name in ("DEPTH", "WIDTH"))
    assert memory.bits == words * width > 0
    assert area(memory, ASSUMPTIONS) == pytest.approx(85_000 + 30.4 * words * width)
    # A latch of 5.6 µm × 10 µm, and an AND2X2.
    assert area(GATE, ASSUMPTIONS) == 56 + 32
    assert area(shapes_of_every_macro()["remora_crossbar"], ASSUMPTIONS) == 0
    # The rule is the line through two macros of an open 180 nm kit: 64 and 512 words of 8 bits.
    for size, height in ((64, 232.88), (512, 484.88)):
        by_rule = ASSUMPTIONS.memory_macro_area + 8 * size * ASSUMPTIONS.memory_bit_area
        assert by_rule == pytest.approx(431.86 * height, rel=2e-3)


def test_the_wire_is_a_load_for_each_sink(shapes):
    text = liberty(shapes, ASSUMPTIONS)
    assert f"library ({LIBRARY})" in text and re.search(rf"wire_load \({WIRES}\) {{\s+resistance : 0;", text)

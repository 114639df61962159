"""LEF abstracts of macros and memories: outline, pins on the edge, and what of the metal is taken.

Nobody has laid these macros out. A tile is as large as its devices at a pitch that is stated, a memory and a clock gate
as `remora.flow.generate.macros.liberty.area` says, and every outline grows until its pins have room. What a layout adds
to the devices, such as drivers and converters, and the pins of its supplies are not in it. Neither are wires that carry
a current from one macro to another: models pass these on as numbers, and layouts abut.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from math import ceil, sqrt

from remora.flow.generate.macros.assumptions import Assumptions
from remora.flow.generate.macros.liberty import area
from remora.flow.generate.macros.shapes import MacroShape
from remora.flow.generate.packaging import DEVICE_PITCH

_HEAD = """\
VERSION 5.7 ;
BUSBITCHARS "[]" ;
DIVIDERCHAR "/" ;
UNITS
  DATABASE MICRONS 1000 ;
END UNITS
"""


@dataclass(frozen=True)
class Layout:
    """What the outlines assume, in µm; names and pitches of the metals are those of the OSU cells in 180 nm."""

    device_pitch: float = DEVICE_PITCH
    """Of one device in both directions."""
    pin_pitch: float = 1.0
    """Of the pins on an edge: the coarser pitch of the two metals."""
    pin_width: float = 0.3
    """Of a pin along its edge."""
    pin_depth: float = 1.0
    """Of a pin, from its edge inwards."""
    side_metal: str = "metal3"
    """Of the pins left and right, whose wires are horizontal."""
    end_metal: str = "metal2"
    """Of the pins at the bottom and at the top, whose wires are vertical."""
    obstructed: tuple[str, ...] = ("metal1", "metal2", "metal3", "metal4")
    """Metals that the macro takes, but for the ring of its pins."""


LAYOUT = Layout()


@dataclass(frozen=True)
class Pin:
    """A bit of a port: its rectangle in µm, lower left and upper right."""

    name: str
    direction: str
    metal: str
    box: tuple[float, float, float, float]


@dataclass(frozen=True)
class Outline:
    """Width and height of a macro in µm, and its pins."""

    width: float
    height: float
    pins: tuple[Pin, ...]


def lef(shapes: Iterable[MacroShape], layout: Layout, assumptions: Assumptions) -> str:
    """A LEF of the shapes: macros alone, to be read after the technology."""
    pitches = f"devices at a pitch of {layout.device_pitch:g} um, pins at {layout.pin_pitch:g} um"
    stated = f"# Outlines for a floorplan, of {pitches}. No layout is behind them.\n"
    macros = (_macro(shape.cell, outline(shape, layout, assumptions), layout) for shape in shapes)
    return "".join([stated, _HEAD, *macros, "END LIBRARY\n"])


def outline(shape: MacroShape, layout: Layout, assumptions: Assumptions) -> Outline:
    """Place the pins: inputs on the left edge and then at the bottom, outputs on the right edge and then at the top."""
    inputs, outputs = (
        [
            (f"{name}[{bit}]" if port.width > 1 else name, port.direction)
            for name, port in shape.ports.items()
            if port.direction == direction and name not in shape.contract.wires
            for bit in range(port.width)
        ]
        for direction in ("input", "output")
    )
    columns, rows = shape.devices
    width, height = columns * layout.device_pitch, rows * layout.device_pitch
    if columns == 0:
        width = height = sqrt(area(shape, assumptions))
    across, up = (max(4, ceil(size / layout.pin_pitch)) for size in (width, height))
    # An edge has a pin at each pitch but the first and the last, where those of another edge begin.
    while (missing := max(len(inputs), len(outputs)) - (across - 3) - (up - 3)) > 0:
        across, up = across + ceil(missing / 2), up + ceil(missing / 2)
    width, height = across * layout.pin_pitch, up * layout.pin_pitch
    pins: list[Pin] = []
    for bits, left in ((iter(inputs), True), (iter(outputs), False)):
        for position, (name, direction) in enumerate(islice(bits, up - 3), start=2):
            low = position * layout.pin_pitch - layout.pin_width / 2
            near = 0.0 if left else width - layout.pin_depth
            box = near, low, near + layout.pin_depth, low + layout.pin_width
            pins.append(Pin(name, direction, layout.side_metal, box))
        for position, (name, direction) in enumerate(bits, start=2):
            low = position * layout.pin_pitch - layout.pin_width / 2
            near = 0.0 if left else height - layout.pin_depth
            box = low, near, low + layout.pin_width, near + layout.pin_depth
            pins.append(Pin(name, direction, layout.end_metal, box))
    return Outline(width, height, tuple(pins))


def _macro(cell: str, made: Outline, layout: Layout) -> str:
    lines = [f"MACRO {cell}", "  CLASS BLOCK ;", "  ORIGIN 0 0 ;", f"  FOREIGN {cell} 0 0 ;"]
    lines += [f"  SIZE {made.width:.3f} BY {made.height:.3f} ;", "  SYMMETRY X Y ;"]
    for pin in made.pins:
        lines += _pin(pin)
    ring = 2 * layout.pin_depth
    if made.width > 2 * ring and made.height > 2 * ring:
        lines.append("  OBS")
        box = _rectangle((ring, ring, made.width - ring, made.height - ring))
        lines += [f"    LAYER {metal} ; {box}" for metal in layout.obstructed]
        lines.append("  END")
    return "\n".join([*lines, f"END {cell}", ""])


def _pin(pin: Pin) -> Iterator[str]:
    yield f"  PIN {pin.name}"
    yield f"    DIRECTION {pin.direction.upper()} ; USE SIGNAL ;"
    yield f"    PORT LAYER {pin.metal} ; {_rectangle(pin.box)} END"
    yield f"  END {pin.name}"


def _rectangle(box: tuple[float, float, float, float]) -> str:
    return f"RECT {' '.join(f'{value:.3f}' for value in box)} ;"

"""From Amaranth to Verilog text: the only door through which hardware leaves the Python side.

The text is Verilog-2005 and means the same in two-state and in four-state simulators: no process depends on an event at
time 0, and no register has an initial value, so that reset alone makes the state.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from amaranth import Module, Value
from amaranth.back import verilog
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.lib.hierarchy import FAMILY, Library, add_submodule
from remora.hdl.lib.settled import settle
from remora.spec.lib.collector import OBJECTS_BETWEEN_SEARCHES

TOP_NAME = "remora"
"""Module name of every generated top."""
TIME_SCALE = "`timescale 1ns / 1ps"
"""First line of every netlist, which has no delays: that of the macro models, because one without is an error to some
readers where others have one."""
_SOURCE = re.compile(r'^( *attribute )\\src "([^"]*)"\n', re.MULTILINE)
_KEPT = "remora_source"
_ROOT = Path(__file__).parents[2]
_INITIAL_VALUE = re.compile(r"^ *attribute \\init .*\n", re.MULTILINE)


@dataclass(frozen=True)
class Netlist:
    """A converted design: its Verilog, and what its modules are."""

    top: str
    verilog: str
    library: Library


def convert(
    component: wiring.Component, name: str, *, family: str = FAMILY, sources: bool = False, located: bool = False
) -> Netlist:
    """Convert a component and its submodules; top module ``name`` with ports as in its signature, plus ``clk`` and
    ``rst`` where it is clocked.

    Args:
        family: first part of the names of the submodules.
        sources: the library has attributes ``src`` with file and line. The text has none, so that it depends on nothing
            but the design.
        located: the text has those of Remora too.
    """
    library = Library(family=family, sources=sources or located)
    with _many_objects():
        library.add(component, name)
        library.finish()
    rtlil = _INITIAL_VALUE.sub("", library.rtlil)
    if located:
        # The conversion drops ``src``, so that the attribute has another name meanwhile.
        rtlil = _SOURCE.sub(_located, rtlil)
    # The one step of Amaranth's own conversion that takes RTLIL of several modules; private, hence the pinned version.
    text = verilog._convert_rtlil_text(rtlil, strip_internal_attrs=True, write_verilog_opts=("-sv",))
    return Netlist(name, f"{TIME_SCALE}\n{settle(text.replace(f'(* {_KEPT} =', '(* src ='))}", library)


def _located(found: re.Match) -> str:
    """An attribute of RTLIL with files and lines relative to the folder that holds the layers; those of other packages
    are left out."""
    parts = (part.rpartition(":") for part in found[2].split("|"))
    ours = [(Path(file), line) for file, _, line in parts if Path(file).is_relative_to(_ROOT)]
    lines = "|".join(f"{file.relative_to(_ROOT).as_posix()}:{line}" for file, line in ours)
    return f'{found[1]}\\{_KEPT} "{lines}"\n' if ours else ""


@contextmanager
def _many_objects() -> Iterator[None]:
    """Within, Python looks for cycles of references seldom, which otherwise takes a fifth of a conversion."""
    before = gc.get_threshold()
    gc.set_threshold(OBJECTS_BETWEEN_SEARCHES, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def to_verilog(component: wiring.Component, name: str) -> str:
    """Verilog text of :func:`convert`."""
    return convert(component, name).verilog


class Bench(wiring.Component):
    """Several components side by side, so that a test builds once for all the sizes that it tries.

    Ports are ``<prefix>__<port>`` for each component, whose instance is named after its prefix, plus ``clk`` and
    ``rst``, which all share, and ``alive``, which is 1 after the first clock edge out of reset.

    Args:
        inputs: further ones that no component takes, by width in bits.

    Raises:
        ValueError: no component.
    """

    def __init__(self, components: Mapping[str, wiring.Component], inputs: Mapping[str, int] | None = None) -> None:
        if not components:
            raise ValueError("a bench needs at least one component")
        self._components = dict(components)
        members = {
            name: (In if member.flow == In else Out)(value.shape()) for name, member, value in self._inner_ports()
        }
        further = {name: In(width) for name, width in (inputs or {}).items()}
        super().__init__({**members, **further, "alive": Out(1)})

    def _inner_ports(self):
        for prefix, component in self._components.items():
            for path, member, value in component.signature.flatten(component):
                yield "__".join(map(str, (prefix, *path))), member, Value.cast(value)

    def elaborate(self, platform) -> Module:
        """Instantiate every component and wire its ports through."""
        m = Module()
        # Clocks the bench even where every component is combinational, so that tests always find clk and rst.
        m.d.sync += self.alive.eq(1)
        for prefix, component in self._components.items():
            # Blocks of different design points share module names, and may even have the same ports.
            add_submodule(m, prefix, component, family=prefix)
        for name, member, inner in self._inner_ports():
            outer = getattr(self, name)
            m.d.comb += inner.eq(outer) if member.flow == In else outer.eq(inner)
        return m

"""Hierarchy: every component becomes a Verilog module of its own, with exactly the ports of its signature.

Left to itself, Amaranth names a module's ports after the nets that happen to cross its boundary. Here each placed component is
converted by itself and instantiated by name, so that ports are whole and stable, and equal instances share one module.
"""

from __future__ import annotations

import re
from contextvars import ContextVar
from typing import TypeVar

from amaranth.back import rtlil
from amaranth.hdl import ClockSignal, DomainRenamer, Elaboratable, Instance, Module, ResetSignal, Value
from amaranth.lib import wiring

AnyComponent = TypeVar("AnyComponent", bound=wiring.Component)

_library: ContextVar[Library] = ContextVar("library")


class Library:
    """RTLIL modules collected while a design is converted, each name once."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}
        self._ports: dict[str, dict[str, tuple[str, int]]] = {}

    def add(self, component: wiring.Component, name: str) -> dict[str, tuple[str, int]]:
        """Convert ``component`` and all that it places, unless a module ``name`` is there; return direction and width by port.

        Raises:
            ValueError: a different component took the name.
        """
        expected = {"__".join(map(str, path)): len(Value.cast(value)) for path, _, value in component.signature.flatten(component)}
        if name not in self._texts:
            token = _library.set(self)
            try:
                text = rtlil.convert(component, name=name, emit_src=False)
            finally:
                _library.reset(token)
            self._texts[name] = text
            self._ports[name] = _module_ports(text, name)
        ports = self._ports[name]
        if expected != {port: width for port, (_, width) in ports.items() if port in expected}:
            raise ValueError(f"two different components want to be module {name}: give one of them another module_name")
        return ports

    @property
    def text(self) -> str:
        """All modules as RTLIL; a module comes after those that it instantiates."""
        return "\n".join(self._texts.values())


class _Placed(Elaboratable):
    """A component as an instance of its own module."""

    def __init__(self, component: wiring.Component, name: str) -> None:
        self._component, self._name = component, name

    def elaborate(self, platform) -> Instance:
        ports = _library.get().add(self._component, self._name)
        connections = {}
        if "clk" in ports:
            connections["i_clk"] = ClockSignal()
        if "rst" in ports:
            connections["i_rst"] = ResetSignal()
        for path, member, value in self._component.signature.flatten(self._component):
            direction = "i" if member.flow == wiring.In else "o"
            connections[f"{direction}_{'__'.join(map(str, path))}"] = value
        return Instance(self._name, **connections)


def place(m: Module, instance: str, component: AnyComponent, *, domain: str = "sync") -> AnyComponent:
    """Add ``component`` to ``m`` as ``instance`` of its own Verilog module, clocked by ``domain``, and return it.

    The module is called ``remora_<module_name>``, where ``module_name`` is the component's attribute or its class name in snake case.
    Components with different ports or parameters must have different names.
    """
    m.submodules[instance] = DomainRenamer(domain)(_Placed(component, f"remora_{module_name(component)}"))
    return component


def module_name(component: wiring.Component) -> str:
    """``module_name`` of the component, or its class name in snake case."""
    return getattr(component, "module_name", None) or re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(component).__name__).lower()


def _module_ports(text: str, name: str) -> dict[str, tuple[str, int]]:
    body = text[text.index(f"module \\{name}\n") :]
    body = body[: body.index("\nend\n")] if "\nend\n" in body else body
    wire = re.compile(r"^  wire (?:width (\d+) )?(input|output) \d+ +(?:signed )?\\(\S+)$", re.MULTILINE)
    return {port: (direction, int(width or 1)) for width, direction, port in wire.findall(body)}

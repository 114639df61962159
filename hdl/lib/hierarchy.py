"""Hierarchy: every component becomes a Verilog module of its own, with exactly the ports of its signature.

Left to itself, Amaranth names a module's ports after the nets that happen to cross its boundary. Here each
component is converted by itself and instantiated by name, so that ports are whole and stable, and equal instances
share one module.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeVar

from amaranth.back import rtlil
from amaranth.hdl import (
    ClockDomain,
    ClockSignal,
    Const,
    Elaboratable,
    Fragment,
    Instance,
    Module,
    ResetInserter,
    ResetSignal,
    Signal,
    Value,
)

# The directions of ports that are no signature's; private, hence the pinned version.
from amaranth.hdl._ir import PortDirection
from amaranth.lib import wiring

from remora.hdl.lib.memory_test.access import TestAccess
from remora.hdl.lib.reset_tree import plant
from remora.spec.lib.macro_memories import MemoryShape

AnyComponent = TypeVar("AnyComponent", bound=wiring.Component)

FAMILY = "remora"
"""First part of the names of modules where nobody says another."""
_library: ContextVar[Library] = ContextVar("library")
_family: ContextVar[str] = ContextVar("family")
"""First part of the names of the modules that are added."""


@dataclass(frozen=True)
class Port:
    """A port of a Verilog module."""

    direction: str
    """``input`` or ``output``; ``internal`` where the port became a signal, as the reset does below a reset pin."""
    width: int


class Library:
    """Modules collected while a design is converted, each name once.

    Args:
        sources: keep where in the sources each signal and cell was made, as attributes ``src``; names of cells that
            nobody named may then differ.

    Attributes:
        ports: by module, port by name.
        children: by module, module of each instance by name; macros included.
        memories: by module of a memory, what it is made of.

    Args:
        family: first part of the names of the modules that are added, where who adds one says no other.
        sources: modules keep the attributes ``src``.
    """

    def __init__(self, *, family: str = FAMILY, sources: bool = False) -> None:
        self.family, self._sources = family, sources
        self.ports: dict[str, dict[str, Port]] = {}
        self.children: dict[str, dict[str, str]] = {}
        self.memories: dict[str, MemoryShape] = {}
        self._macro_widths: dict[tuple[str, str], dict[str, int]] = {}
        self._macro_parameters: dict[tuple[str, str], dict[str, Any]] = {}
        self._texts: dict[str, str] = {}
        self._converting: list[str] = []
        self._pinned: tuple[str, str, str, str | None] | None = None
        self._tests_memories = False
        self._accesses: list[TestAccess] = []
        """Of the modules being converted."""
        self._tested: dict[str, int] = {}
        """Macros of the memory test below each module."""

    def test_memories(self, port: Mapping[str, Value]) -> None:
        """A port of the module being converted reaches every macro of a memory below it; its signals have the names of
        `remora.hdl.lib.memory_test.port.MemoryTestPort`."""
        self._tests_memories, self._accesses[-1] = True, TestAccess(port)

    @property
    def memory_test(self) -> TestAccess | None:
        """The memory test in the module being converted, where there is one."""
        return self._accesses[-1] if self._tests_memories else None

    def connect_memory_test(self, module: str) -> dict[str, Value]:
        """What the ports of the memory test of ``module``, of which the module being converted adds an instance, are
        connected to; none where it has no macro of a memory."""
        count = self._tested[module]
        return self._accesses[-1].add_submodule(count) if count else {}

    def reset_by_pin(self, pin: str, clock: str, test: str | None) -> None:
        """An input of the module being converted resets it and all below it: :meth:`finish` plants the tree."""
        self._pinned = self._converting[-1], pin, clock, test

    @property
    def clock(self) -> str:
        """The input that clocks the top: that of its reset pin where it has one, else ``clk``."""
        return "clk" if self._pinned is None else self._pinned[2]

    @property
    def has_tree(self) -> bool:
        """The modules being converted get their reset from a tree."""
        return self._pinned is not None

    def finish(self) -> None:
        """Plant the tree of the reset, where there is a pin; call it once, after all modules have been added."""
        if self._pinned is not None:
            for name, resets in plant(self._texts, *self._pinned).items():
                if self.ports[name].pop("rst", None) and resets:
                    self.ports[name]["rst"] = Port("internal", 1)

    def add(self, component: wiring.Component, name: str) -> dict[str, Port]:
        """Convert ``component`` and its submodules, unless a module ``name`` is there; return its ports.

        Raises:
            ValueError: a different component took the name, or an instance's name is that of a signal.
        """
        own = {
            "__".join(map(str, path)): (
                Value.cast(value), PortDirection.Input if member.flow == wiring.In else PortDirection.Output
            )
            for path, member, value in component.signature.flatten(component)
        }  # fmt: skip
        expected = {port: len(value) for port, (value, _) in own.items()}
        if name not in self._texts:
            self.children[name] = {}
            self._converting.append(name)
            self._accesses.append(TestAccess())
            token = _library.set(self)
            try:
                fragment = Fragment.get(component, None)
            finally:
                _library.reset(token)
                self._converting.pop()
                access = self._accesses.pop()
            own |= {port: (value, PortDirection.Input) for port, value in access.inputs.items()}
            own |= {port: (value, PortDirection.Output) for port, value in access.outputs.items()}
            self._tested[name] = access.count
            text = rtlil.convert(fragment, name=name, ports=own, emit_src=self._sources)
            if renamed := self.children[name].keys() - set(_INSTANCE.findall(text)):
                raise ValueError(
                    f"{name}: no instance is called {', '.join(sorted(renamed))}, since a signal took the name: "
                    "rename the instance"
                )
            self._texts[name] = text
            if isinstance(shape := getattr(component, "shape", None), MemoryShape):
                self.memories[name] = shape
            self.ports[name] = _module_ports(text, name)
        else:
            # Its module is there; else Amaranth would warn that it was never elaborated.
            component._MustUse__used = True
        ports = self.ports[name]
        if expected != {port: ports[port].width for port in expected if port in ports}:
            raise ValueError(f"two different components want to be module {name}: give one of them another module_name")
        return ports

    def instantiated(self, instance: str, module: str) -> None:
        """Note that the module being converted instantiates ``module``."""
        self.children[self._converting[-1]][instance] = module

    def instantiated_macro(
        self, instance: str, module: str, widths: dict[str, int], parameters: dict[str, Any]
    ) -> None:
        """Note that the module being converted instantiates the macro ``module`` with ports so wide."""
        self.instantiated(instance, module)
        self._macro_widths[self._converting[-1], instance] = widths
        self._macro_parameters[self._converting[-1], instance] = parameters

    def port_width(self, top: str, path: str, port: str) -> int:
        """Bits of a port of the instance at ``path`` below ``top``, which may be a macro's.

        Raises:
            KeyError: there is no such instance or port.
        """
        *parents, instance = path.split(".")
        for parent in parents:
            top = self.children[top][parent]
        module = self.children[top][instance]
        return self.ports[module][port].width if module in self.ports else self._macro_widths[top, instance][port]

    def instances(self, top: str) -> Iterator[tuple[str, str]]:
        """Path of every instance below ``top``, parents first, and its module; the path does not name the top."""
        for instance, module in self.children.get(top, {}).items():
            yield instance, module
            for path, inner in self.instances(module):
                yield f"{instance}.{path}", inner

    def macros(self, top: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Path of every macro below ``top``, its module, and the parameters that its instance gives."""
        for instance, module in self.children.get(top, {}).items():
            if (top, instance) in self._macro_parameters:
                yield instance, module, self._macro_parameters[top, instance]
            for path, inner, parameters in self.macros(module):
                yield f"{instance}.{path}", inner, parameters

    @property
    def rtlil(self) -> str:
        """All modules as RTLIL; a module comes after those that it instantiates."""
        return "\n".join(self._texts.values())


class _Submodule(Elaboratable):
    """A component as an instance of its own module."""

    def __init__(
        self,
        component: wiring.Component,
        instance: str,
        family: str | None,
        reset: Value | None,
        clock: Value | None,
    ) -> None:
        self._component, self._instance, self._family = component, instance, family
        self._reset, self._clock = reset, clock

    def elaborate(self, platform) -> Elaboratable | Instance:
        library = _library.get(None)
        if library is None:
            # Amaranth's own simulator takes the component itself: its ports are the signals that the parent connects.
            # It has one clock.
            return self._component if self._reset is None else ResetInserter(self._reset)(self._component)
        family = self._family or _family.get(library.family)
        name = f"{family}_{module_name(self._component)}"
        token = _family.set(family)
        try:
            ports = library.add(self._component, name)
        finally:
            _family.reset(token)
        library.instantiated(self._instance, name)
        connections: dict[str, Any] = {}
        if "clk" in ports:
            connections["i_clk"] = ClockSignal() if self._clock is None else self._clock
        if "rst" in ports:
            if library.has_tree:
                # What comes from the pin is connected when the tree is planted.
                connections["i_rst"] = Const(0) if self._reset is None else self._reset
            else:
                connections["i_rst"] = ResetSignal() if self._reset is None else ResetSignal() | self._reset
        for path, member, value in self._component.signature.flatten(self._component):
            direction = "i" if member.flow == wiring.In else "o"
            connections[f"{direction}_{'__'.join(map(str, path))}"] = value
        connections |= library.connect_memory_test(name)
        return Instance(name, **connections)


class _Macro(Elaboratable):
    """An instance of a module that is not generated: an analog or memory macro."""

    def __init__(self, module: str, instance: str, connections: dict) -> None:
        self._module, self._instance, self._connections = module, instance, connections

    def elaborate(self, platform) -> Instance:
        widths = {name[2:]: len(Value.cast(at)) for name, at in self._connections.items() if name[:2] in ("i_", "o_")}
        parameters = {name[2:]: value for name, value in self._connections.items() if name.startswith("p_")}
        _library.get().instantiated_macro(self._instance, self._module, widths, parameters)
        return Instance(self._module, **self._connections)


def add_submodule(
    m: Module,
    instance: str,
    component: AnyComponent,
    *,
    reset: Value | None = None,
    family: str | None = None,
    clock: Value | None = None,
) -> AnyComponent:
    """Add ``component`` to ``m`` as ``instance`` of its own Verilog module, and return it.

    ``reset`` resets it beside the domain's own reset, and ``clock`` clocks it in place of the domain's. The module is
    called ``<family>_<module_name>``, where ``module_name`` is the component's attribute or its class name in snake
    case, and ``family`` is that of whoever adds it where None: ``remora`` unless somebody chose another. Components of
    one family with different ports or parameters must have different names; components of different design points
    belong in different families.
    """
    m.submodules[instance] = _Submodule(component, instance, family, reset, clock)
    return component


def reset_by_pin(m: Module, domain: ClockDomain, pin: Signal, clock: Signal, test: Signal | None = None) -> None:
    """Reset a top, whose only clock domain this is, and all below it while its input ``pin`` is low, through a
    synchroniser and a tree (`remora.hdl.lib.reset_tree`) that begins on its input ``clock``; past them while its input
    ``test`` is high. To be called in ``elaborate``."""
    m.d.comb += domain.rst.eq(~pin)
    _library.get().reset_by_pin(pin.name, clock.name, None if test is None else test.name)


def test_memories(port: Mapping[str, Value]) -> None:
    """Let a port of a top reach every macro of a memory below it; its signals have the names of
    `remora.hdl.lib.memory_test.port.MemoryTestPort`. To be called in ``elaborate``, before what is added."""
    _library.get().test_memories(port)


def add_memory_macro(m: Module, instance: str, word: Value, pins: Mapping[str, Value], **connections) -> None:
    """Add an instance of ``remora_memory`` to ``m``, past which the memory test reaches it where there is one.

    Args:
        word: what it reads.
        pins: what drives its other pins but the clock.
        connections: parameters and clock, as of ``amaranth.hdl.Instance``.
    """
    access = _library.get().memory_test
    reached = access.add_macro(m, word, **pins) if access else pins
    inputs = {f"i_{name}": value for name, value in reached.items()}
    add_macro(m, instance, "remora_memory", o_read_data=word, **inputs, **connections)


def add_macro(m: Module, instance: str, module: str, **connections) -> None:
    """Add an instance of the macro ``module`` to ``m``; ``connections`` as of ``amaranth.hdl.Instance``."""
    m.submodules[instance] = _Macro(module, instance, connections)


def module_name(component: wiring.Component) -> str:
    """``module_name`` of the component, or its class name in snake case."""
    return (
        getattr(component, "module_name", None)
        or re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(component).__name__).lower()
    )


_INSTANCE = re.compile(r"^  cell \\\S+ \\(\S+)$", re.MULTILINE)
_PORT = re.compile(r"^  wire (?:width (\d+) )?(input|output) \d+ +(?:signed )?\\(\S+)$", re.MULTILINE)


def _module_ports(text: str, name: str) -> dict[str, Port]:
    body = text[text.index(f"module \\{name}\n") :]
    body = body[: body.index("\nend\n")]
    return {port: Port(direction, int(width or 1)) for width, direction, port in _PORT.findall(body)}

"""The memory window with its memories, and nothing else on their ports."""

from __future__ import annotations

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

from hdl.hierarchy import place
from hdl.memory import Memory
from hdl.memory_window import MEMORY_WINDOW_MEMBERS, MemoryWindow
from spec.memories import HostMemory, MemorySize


class WindowedMemories(wiring.Component):
    """The window's ports towards the host.

    Args:
        sizes: width and depth by the memory's name; JSON holds it.
    """

    def __init__(self, sizes: dict[str, tuple[int, int]]) -> None:
        self._window = MemoryWindow({HostMemory[name]: MemorySize(*size) for name, size in sizes.items()})
        super().__init__(MEMORY_WINDOW_MEMBERS)

    def elaborate(self, platform) -> Module:
        m = Module()
        window = place(m, "window", self._window)
        for name, member in MEMORY_WINDOW_MEMBERS.items():
            outside, inside = getattr(self, name), getattr(window, name)
            m.d.comb += outside.eq(inside) if member.flow is Out else inside.eq(outside)
        for memory, size in window.memories.items():
            name = memory.name.lower()
            port, block = getattr(window, name), place(m, name, Memory(width=size.width, depth=size.depth))
            m.d.comb += [
                block.read.eq(port.read),
                block.read_address.eq(port.address),
                block.write.eq(port.write),
                block.write_address.eq(port.address),
                block.write_data.eq(port.write_data),
                port.read_data.eq(block.read_data),
            ]
        return m

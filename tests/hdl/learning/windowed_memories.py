"""The memory window with its memories, and nothing else on their ports."""

from __future__ import annotations

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

from remora.hdl.learning.memory_window import MemoryWindow, memory_window_members
from remora.hdl.lib.hierarchy import add_submodule
from remora.hdl.lib.memory import Memory
from remora.tb.blocks.learning.test_memory_window import sizes_of


class WindowedMemories(wiring.Component):
    """The window's ports towards the host.

    Args:
        sizes: by the memory's name, width, depth and perhaps the limits of its words; JSON holds it.
    """

    def __init__(self, sizes: dict[str, tuple]) -> None:
        memories = sizes_of(sizes)
        self._window, self._members = MemoryWindow(memories), memory_window_members(memories)
        super().__init__(self._members)

    def elaborate(self, platform) -> Module:
        m = Module()
        window = add_submodule(m, "window", self._window)
        for name, member in self._members.items():
            outside, inside = getattr(self, name), getattr(window, name)
            m.d.comb += outside.eq(inside) if member.flow is Out else inside.eq(outside)
        for memory, size in window.memories.items():
            name = memory.name.lower()
            port, block = getattr(window, name), add_submodule(m, name, Memory(width=size.width, depth=size.depth))
            m.d.comb += [
                block.read.eq(port.read),
                block.read_address.eq(port.address),
                block.write.eq(port.write),
                block.write_address.eq(port.address),
                block.write_data.eq(port.write_data),
                port.read_data.eq(block.read_data),
            ]
        return m

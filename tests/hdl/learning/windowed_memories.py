"""The memory window with its memories, and nothing else on their ports."""

from __future__ import annotations

from amaranth.hdl import Cat, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.learning.memory_window import MemoryHost, MemoryWindow
from remora.hdl.lib.hierarchy import add_submodule
from remora.hdl.lib.interfaces import pass_on
from remora.hdl.lib.memory import Memory
from remora.tb.blocks.learning.test_memory_window import sizes_of


class WindowedMemories(wiring.Component):
    """The window with memories.

    Ports:
        host: the window's.
        reads: a memory is read.

    Args:
        sizes: by the memory's name, width, depth and perhaps the limits or rows of its words; JSON holds it.
    """

    def __init__(self, sizes: dict[str, dict]) -> None:
        memories = sizes_of(sizes)
        self._window = MemoryWindow(memories)
        super().__init__({"host": In(MemoryHost(memories)), "reads": Out(1)})

    def elaborate(self, platform) -> Module:
        m = Module()
        window = add_submodule(m, "window", self._window)
        pass_on(m, self.host, window.host)
        m.d.comb += self.reads.eq(Cat(getattr(window, memory.name.lower()).read for memory in window.memories).any())
        for memory, size in window.memories.items():
            name = memory.name.lower()
            port = getattr(window, name)
            block = add_submodule(m, name, Memory(width=size.stored_width, depth=size.stored_depth))
            m.d.comb += [
                block.read.eq(port.read),
                block.read_address.eq(port.address),
                block.write.eq(port.write),
                block.write_address.eq(port.address),
                block.write_data.eq(port.write_data),
                port.read_data.eq(block.read_data),
            ]
        return m

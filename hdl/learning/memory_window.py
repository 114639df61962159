"""Memory window: the host's way into the memories of learning, a word at a time, 32 bits an access."""

from __future__ import annotations

from collections.abc import Mapping

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.lib.fixed import is_within
from remora.hdl.lib.memory import host_port
from remora.spec.crossbar.memories import GROUP_BITS, HostMemory, MemorySize

_MEMBERS = {
    "select": In(2),
    "address": In(32),
    "selection_valid": Out(1),
    "pointer": In(16),
    "data_write": In(1),
    "data_value": In(GROUP_BITS),
    "data_strobes": In(GROUP_BITS // 8),
    "data_read_value": Out(GROUP_BITS),
    "load": In(1),
    "store": In(1),
    "busy": Out(1),
}


def memory_window_members(memories: Mapping[HostMemory, MemorySize]) -> dict[str, wiring.Member]:
    """What the registers drive and read, through the levels between; ``word_valid`` where some word is illegal."""
    checked = any(size.limits for size in memories.values())
    return {**_MEMBERS, **({"word_valid": Out(1)} if checked else {})}


class MemoryWindow(wiring.Component):
    """Holds one word, as wide as the widest memory's; the host fills and reads it a group of 32 bits at a time.

    ``data_write`` stores the bytes of ``data_value`` that ``data_strobes`` selects in group ``pointer``;
    ``data_read_value`` shows that group. Bits and groups beyond the widest word are not stored and read 0; those beyond
    a narrower memory's word are kept but not stored in it, and a load clears them.

    ``load``, on a valid selection, reads word ``address`` of memory ``select`` into the window; ``busy`` is high in the
    next cycle, and the window holds the word from the one after. ``store`` writes the window into the word. Of both at
    once, ``store`` counts. A memory must not be in use otherwise in the cycle of a command. ``word_valid``: the memory
    selected, if it exists, may hold the word in the window (rule M10); where it may not, ``store`` changes nothing.

    Member ``<memory>`` is the port of each memory, in lower case, of :func:`remora.hdl.lib.memory.host_port`.

    Args:
        memories: those that there are, at least one.
    """

    def __init__(self, memories: Mapping[HostMemory, MemorySize]) -> None:
        if not memories:
            raise ValueError("a window needs at least one memory")
        self.memories = dict(memories)
        self.width = max(size.width for size in memories.values())
        ports = {memory.name.lower(): Out(host_port(size.width, size.depth)) for memory, size in self.memories.items()}
        super().__init__({**memory_window_members(memories), **ports})

    def elaborate(self, platform) -> Module:
        m = Module()
        word, loading = Signal(self.width), Signal()
        self._host_access(m, word)
        m.d.comb += self.busy.eq(loading)
        m.d.sync += loading.eq(self.load & ~self.store & self.selection_valid)
        refused = []
        for memory, size in self.memories.items():
            port, selected = getattr(self, memory.name.lower()), Signal(name=f"{memory.name.lower()}_selected")
            m.d.comb += [
                selected.eq((self.select == memory) & (self.address < size.depth)),
                port.address.eq(self.address),
                port.read.eq(selected & self.load & ~self.store),
                port.write.eq(selected & self.store),
                port.write_data.eq(word),
            ]
            if size.limits:
                legal = may_hold(size, word)
                refused.append(selected & ~legal)
                m.d.comb += port.write.eq(selected & self.store & legal)
            with m.If(selected):
                m.d.comb += self.selection_valid.eq(1)
            with m.If(loading & selected):
                m.d.sync += word.eq(port.read_data)
        if refused:
            m.d.comb += self.word_valid.eq(~Cat(refused).any())
        return m

    def _host_access(self, m: Module, word: Signal) -> None:
        """A group at a time; the last one may be cut short by the word's end."""
        for index, start in enumerate(range(0, self.width, GROUP_BITS)):
            group = word[start : start + GROUP_BITS]
            with m.If(self.pointer == index):
                m.d.comb += self.data_read_value.eq(group)
                for bit in range(0, len(group), 8):
                    with m.If(self.data_write & self.data_strobes[bit // 8]):
                        m.d.sync += group[bit : bit + 8].eq(self.data_value[bit : bit + 8])


def may_hold(size: MemorySize, word: Value) -> Value:
    """Every part of a word is a number that the memory may hold."""
    parts = ((part, word[part.lsb : part.lsb + part.width]) for part in size.limits)
    return Cat(is_within(number, part.minimum, part.maximum) for part, number in parts).all()

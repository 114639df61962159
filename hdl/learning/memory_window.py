"""Memory window: the host's way into the memories of learning, a word at a time, 32 bits an access."""

from __future__ import annotations

from collections.abc import Mapping

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.lib.fixed import is_within
from remora.hdl.lib.memory import HostPort
from remora.spec.crossbar.memories import GROUP_BITS, HostMemory, MemorySize


class MemoryHost(wiring.Signature):
    """The way to the memories of learning, seen from the registers.

    Ports:
        select: a memory, as of `remora.spec.crossbar.memories.HostMemory`.
        address: a word of the memory.
        selection_valid: there is such a memory and word.
        pointer: a group of the word.
        data_write: stores bytes of ``data_value`` in the group.
        data_value: 32 bits.
        data_strobes: the bytes that are stored.
        data_read_value: the group as it is.
        load: reads the word selected, which must be valid, into the window.
        store: writes the window into the word; of ``load`` and ``store`` at once, ``store`` counts.
        busy: a load is under way, or learning clears a memory.
        word_valid: the memory selected, if it exists, may hold the word in the window (rule M10); where some word is
            illegal.

    Args:
        memories: those that there are.
    """

    def __init__(self, memories: Mapping[HostMemory, MemorySize]) -> None:
        checked = any(size.limits for size in memories.values())
        super().__init__(
            {
                "select": Out(2),
                "address": Out(32),
                "selection_valid": In(1),
                "pointer": Out(16),
                "data_write": Out(1),
                "data_value": Out(GROUP_BITS),
                "data_strobes": Out(GROUP_BITS // 8),
                "data_read_value": In(GROUP_BITS),
                "load": Out(1),
                "store": Out(1),
                "busy": In(1),
                **({"word_valid": In(1)} if checked else {}),
            }
        )


class MemoryWindow(wiring.Component):
    """Holds one word, as wide as the widest memory's; the host fills and reads it a group of 32 bits at a time.

    Bits and groups beyond the widest word are not stored and read 0; those beyond a narrower memory's word are kept but
    not stored in it, and a load clears them.

    ``host.busy`` is high in the cycle after a load, and the window holds the word from the one after. A memory must not
    be in use otherwise in the cycle of a command. Where the memory may not hold the word in the window, ``store``
    changes nothing.

    Ports:
        host: what the registers set and read.
        <memory>: the port of each memory, its name in lower case.

    Args:
        memories: those that there are, at least one.
    """

    def __init__(self, memories: Mapping[HostMemory, MemorySize]) -> None:
        if not memories:
            raise ValueError("a window needs at least one memory")
        self.memories = dict(memories)
        self.width = max(size.width for size in memories.values())
        ports = {memory.name.lower(): Out(HostPort(size.width, size.depth)) for memory, size in self.memories.items()}
        super().__init__({"host": In(MemoryHost(memories)), **ports})

    def elaborate(self, platform) -> Module:
        m = Module()
        host, word, loading = self.host, Signal(self.width), Signal()
        self._host_access(m, word)
        m.d.comb += host.busy.eq(loading)
        m.d.sync += loading.eq(host.load & ~host.store & host.selection_valid)
        refused = []
        for memory, size in self.memories.items():
            port, selected = getattr(self, memory.name.lower()), Signal(name=f"{memory.name.lower()}_selected")
            m.d.comb += [
                selected.eq((host.select == memory) & (host.address < size.depth)),
                port.address.eq(host.address),
                port.read.eq(selected & host.load & ~host.store),
                port.write.eq(selected & host.store),
                port.write_data.eq(word),
            ]
            if size.limits:
                legal = may_hold(size, word)
                refused.append(selected & ~legal)
                m.d.comb += port.write.eq(selected & host.store & legal)
            with m.If(selected):
                m.d.comb += host.selection_valid.eq(1)
            with m.If(loading & selected):
                m.d.sync += word.eq(port.read_data)
        if refused:
            m.d.comb += host.word_valid.eq(~Cat(refused).any())
        return m

    def _host_access(self, m: Module, word: Signal) -> None:
        """A group at a time; the last one may be cut short by the word's end."""
        host = self.host
        for index, start in enumerate(range(0, self.width, GROUP_BITS)):
            group = word[start : start + GROUP_BITS]
            with m.If(host.pointer == index):
                m.d.comb += host.data_read_value.eq(group)
                for bit in range(0, len(group), 8):
                    with m.If(host.data_write & host.data_strobes[bit // 8]):
                        m.d.sync += group[bit : bit + 8].eq(host.data_value[bit : bit + 8])


def may_hold(size: MemorySize, word: Value) -> Value:
    """Every part of a word is a number that the memory may hold."""
    parts = ((part, word[part.lsb : part.lsb + part.width]) for part in size.limits)
    return Cat(is_within(number, part.minimum, part.maximum) for part, number in parts).all()

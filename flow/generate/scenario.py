"""What the testbench does to a generated design, and what it expects: register accesses, packets, answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from remora.spec.lib.packets import BEAT_BYTES, Answer
from remora.spec.lib.registers import ADDRESS_BITS, WORD_BITS, WORD_MASK, RegisterMap


class Command(IntEnum):
    """Commands of ``host.hex``; `tb/testbench/remora_testbench.v` carries them out."""

    WRITE = 0x1
    EXPECT = 0x2
    UNTIL = 0x3
    STREAM = 0x4
    FINISH = 0xE


@dataclass
class Scenario:
    """The content of a testbench, in the order in which it happens; each line is hexadecimal with a comment after it.

    Attributes:
        registers: of the design.
        timeout_cycles: within which every answer must come, and every register take the value that is awaited.
        plusargs: for the simulation, with paths from the testbench's folder.
        about: what is checked, and what is left out, in whole sentences, for the README.
        host, packets, answers: lines of the three files.
    """

    registers: RegisterMap
    timeout_cycles: int
    plusargs: tuple[str, ...] = ()
    about: list[str] = field(default_factory=list)
    host: list[str] = field(default_factory=list)
    packets: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)

    # Registers --------------------------------------------------------------------------------------------------------
    def write(self, name: str, **fields: int) -> None:
        """Write a register by field; the others of its fields are written 0."""
        self.write_word(name, self.registers[name].encode(**fields), _told(fields))

    def write_word(self, name: str, word: int, note: str = "") -> None:
        """Write a register's word."""
        self._command(Command.WRITE, f"write {name} {note}", self.registers[name].address, WORD_MASK, word)

    def expect(self, name: str, **fields: int) -> None:
        """Read a register and compare these of its fields."""
        self._access(Command.EXPECT, f"expect {name} {_told(fields)}", name, fields)

    def expect_word(self, name: str, word: int, mask: int = WORD_MASK, note: str = "") -> None:
        """Read a register and compare the bits of ``mask``."""
        self._command(Command.EXPECT, f"expect {name} {note}", self.registers[name].address, mask, word & mask)

    def identify(self) -> None:
        """The netlist is of this design point."""
        for name in ("ID", "HASH_LOW", "HASH_HIGH"):
            self.expect_word(name, self.registers[name].reset, note="of this design point")

    def expect_counters(self, counters: Mapping[Any, int]) -> None:
        """Read both words of each counter and compare."""
        for counter, value in counters.items():
            low, high = self.registers.counter(counter)
            self.expect_word(low.name, value & WORD_MASK)
            self.expect_word(high.name, value >> WORD_BITS)

    def until(self, name: str, **fields: int) -> None:
        """Read a register until these of its fields have these values."""
        self._access(Command.UNTIL, f"until {name} {_told(fields)}", name, fields)

    def _access(self, command: Command, note: str, name: str, fields: dict[str, int]) -> None:
        register = self.registers[name]
        mask = sum(register.field(each).mask for each in fields)
        self._command(command, note, register.address, mask, register.encode(**fields))

    def _command(self, command: Command, note: str, address: int = 0, mask: int = 0, value: int = 0) -> None:
        self.host.append(f"{command:x}_{address:08x}_{mask:08x}_{value:08x}  // {note.strip()}")

    # Streams ----------------------------------------------------------------------------------------------------------
    def packet(self, number: int, data: bytes, note: str) -> None:
        """A packet without holes, to be sent with the next `stream`."""
        for start in range(0, len(data), BEAT_BYTES):
            part = data[start : start + BEAT_BYTES]
            last, keep = start + BEAT_BYTES >= len(data), (1 << len(part)) - 1
            comment = "" if start else f"  // packet {number}: {note}"
            self.packets.append(f"{last:x}{keep:x}_{int.from_bytes(part, 'little'):08x}{comment}")

    def answer(self, number: int, answer: Answer) -> None:
        """What packet ``number`` must be answered, or the next part of it."""
        words = [answer.decision | int(answer.flags) << 16 | answer.tag << 24, *answer.scores]
        for position, word in enumerate(words):
            last = answer.last and position == len(words) - 1
            comment = "" if position else f"  // packet {number}: class {answer.decision}"
            self.answers.append(f"{number & 0xFFFF:04x}_{last:x}_{word & WORD_MASK:08x}{comment}")

    def stream(self) -> None:
        """Send all packets so far and await all answers so far."""
        note = f"send {len(self.packets)} beats in all, await {len(self.answers)} words of answers in all"
        self._command(Command.STREAM, note, 0, len(self.answers), len(self.packets))

    def finish(self) -> None:
        """Nothing further may come."""
        self._command(Command.FINISH, "end: nothing further may come")

    # Files ------------------------------------------------------------------------------------------------------------
    @property
    def parameters(self) -> dict[str, int]:
        """Of the testbench."""
        return {
            "COMMANDS": len(self.host),
            "BEATS": len(self.packets),
            "WORDS": len(self.answers),
            "ADDRESS_BITS": ADDRESS_BITS,
            "TIMEOUT_CYCLES": self.timeout_cycles,
        }


def _told(fields: dict[str, int]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in fields.items())


def spread(items: Sequence, count: int) -> list:
    """At most ``count`` items at equal distances, the first and the last among them."""
    if len(items) <= count:
        return list(items)
    return [items[index * (len(items) - 1) // max(1, count - 1)] for index in range(max(1, count))]

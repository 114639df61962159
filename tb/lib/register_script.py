"""Accesses to registers as a list that the host carries out, or that is played beside the design."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

import numpy as np

from remora.spec.lib.registers import WORD_MASK, RegisterMap


class Access(IntEnum):
    """What an access does, as ``tb/sv/remora_register_player.sv`` numbers it."""

    WRITE = 0
    UNTIL = 1
    """Reads until bits have their value."""
    EXPECT = 2
    """Reads bits, which must have their value."""
    RECORD = 3
    """Reads a word, which is recorded."""


@dataclass(frozen=True)
class Step:
    """An access.

    Attributes:
        mask: of a read, the bits that count.
        about: what an `EXPECT` says that fails.
    """

    access: Access
    address: int
    value: int
    mask: int = WORD_MASK
    about: str = ""


class RegisterScript:
    """Accesses in order, by names of registers and fields."""

    def __init__(self, registers: RegisterMap) -> None:
        self._registers = registers
        self.steps: list[Step] = []

    def write(self, name: str, **fields: int) -> None:
        """Write a register by field; fields that are not named are written 0."""
        self.write_word(name, self._registers[name].encode(**fields))

    def write_word(self, name: str, word: int) -> None:
        """Write a register's word."""
        self.steps.append(Step(Access.WRITE, self._registers[name].address, word))

    def until(self, name: str, field: str, value: int) -> None:
        """Read a register until a field has a value."""
        self._read(Access.UNTIL, name, field, value, "")

    def expect(self, name: str, field: str, value: int, about: str) -> None:
        """Read a field, which must have a value; ``about`` says what is wrong where it has not."""
        self._read(Access.EXPECT, name, field, value, about)

    def record(self, name: str, times: int = 1) -> None:
        """Read a register's word so often; each is recorded."""
        step = Step(Access.RECORD, self._registers[name].address, 0, mask=0)
        self.steps += [step] * times

    def _read(self, access: Access, name: str, field: str, value: int, about: str) -> None:
        register = self._registers[name]
        (found,) = (one for one in register.fields if one.name == field)
        self.steps.append(Step(access, register.address, value << found.lsb, found.mask, about))

    @property
    def records(self) -> int:
        """How many words are recorded."""
        return sum(step.access is Access.RECORD for step in self.steps)

    def save(self, path: Path) -> None:
        """Write the file that the player reads."""
        rows = [(step.access, step.address, step.value, step.mask) for step in self.steps]
        path.write_bytes(np.array(rows, "<u4").tobytes())


def recorded_words(path: Path) -> list[int]:
    """The words that the player has recorded of the script in a file."""
    return np.fromfile(path.with_name(f"{path.name}.read"), "<u4").tolist()

"""Reads SAIF, the switching activity interchange format (IEEE 1801, annex I), as Verilator writes it.

The reader is strict: it refuses whatever it does not understand, because nobody counts the toggles of a net that is
passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from remora.spec.lib.errors import RemoraError

VERSION, DIRECTION = '"2.0"', '"backward"'
_SPACE = r"(?:\s|//[^\n]*\n)*"
_HEADER = re.compile(
    _SPACE + r"\(\s*(SAIFVERSION|DIRECTION|PROGRAM_NAME|DIVIDER|TIMESCALE|DURATION)\s+(\"[^\"]*\"|[^\"()]*?)\s*\)"
)
_FILE = re.compile(_SPACE + r"\(\s*SAIFILE\b")
_INSTANCE = re.compile(_SPACE + r"\(\s*INSTANCE\s+([^\s()\"]+)")
_NETS = re.compile(_SPACE + r"\(\s*NET\b(?!\s*\))")
_END = re.compile(_SPACE + r"\)")
_REST = re.compile(_SPACE + r"\Z")
_TIMES = "".join(rf"\(\s*{name}\s+(\d+)\s*\)\s*" for name in ("T0", "T1", "TZ", "TX", "TB", "TC"))
_BIT = re.compile(_SPACE + r"\(\s*([^\s()\"]+?)(?:\\\[(\d+)\\\])?\s+" + _TIMES + r"\)")


class SaifError(RemoraError):
    """A file is no SAIF that can be counted; the message names it and the line."""


@dataclass
class Net:
    """A net of one or more bits: changes of its bits between 0 and 1, all together."""

    bits: int = 0
    toggles: int = 0


@dataclass
class Instance:
    """An instance of a module: its nets and its own instances by name."""

    nets: dict[str, Net] = field(default_factory=dict)
    instances: dict[str, Instance] = field(default_factory=dict)

    def find(self, path: str) -> Instance | None:
        """The instance at ``path`` below this one, with dots, or None; itself where ``path`` is empty."""
        found: Instance | None = self
        for name in path.split(".") if path else []:
            found = found.instances.get(name) if found else None
        return found

    def all_nets(self) -> Iterator[Net]:
        """Its nets, and those of all instances below it."""
        yield from self.nets.values()
        for instance in self.instances.values():
            yield from instance.all_nets()


@dataclass(frozen=True)
class Saif:
    """What a file holds: its duration in units of ``timescale``; instances below ``root``, which has no nets."""

    path: Path
    duration: int
    timescale: str
    root: Instance


def read_saif(path: Path) -> Saif:
    """Read a file.

    A recorder starts every bit at 0, so a bit that is 1 throughout has one change that never was: it counts as none. A
    bit that begins at 1 and changes later counts one change too many.

    Raises:
        SaifError: the file is not whole, holds what this reader does not know, or the times of a bit do not add up.
        OSError: it cannot be read.
    """
    return _Reader(path, path.read_text(encoding="utf-8", errors="replace")).file()


class _Reader:
    def __init__(self, path: Path, text: str) -> None:
        self._path, self._text, self._at = path, text, 0
        self._duration = 0

    def file(self) -> Saif:
        self._need(_FILE, "(SAIFILE")
        header: dict[str, str] = {}
        while match := self._take(_HEADER):
            key, value = match[1], match[2].strip()
            if key in header:
                self._refuse(f"{key} stands twice")
            header[key] = value
        for key, wanted in (("SAIFVERSION", VERSION), ("DIRECTION", DIRECTION)):
            if header.get(key) != wanted:
                self._refuse(f"{key} is {header.get(key, 'missing')}, and only {wanted} is understood")
        if not re.fullmatch(r"[1-9]\d*", header.get("DURATION", "")):
            self._refuse(f"DURATION is {header.get('DURATION', 'missing')}, so nothing was recorded")
        if "TIMESCALE" not in header:
            self._refuse("TIMESCALE is missing")
        self._duration = int(header["DURATION"])
        root = Instance()
        self._instances(root)
        self._need(_END, "(INSTANCE or the end of the file's bracket")
        self._need(_REST, "nothing more")
        return Saif(self._path, self._duration, header["TIMESCALE"], root)

    def _instances(self, parent: Instance) -> None:
        while match := self._take(_INSTANCE):
            if match[1] in parent.instances:
                self._refuse(f"instance {match[1]} stands twice")
            instance = parent.instances[match[1]] = Instance()
            if self._take(_NETS):
                self._nets(instance)
            self._instances(instance)
            self._need(_END, "(INSTANCE or the end of the instance's bracket")

    def _nets(self, instance: Instance) -> None:
        seen: set[tuple[str, str | None]] = set()
        while match := self._take(_BIT):
            name, bit, low, high, floating, unknown, driven_twice, changes = match.groups()
            if (name, bit) in seen:
                self._refuse(f"net {name} stands twice")
            seen.add((name, bit))
            if int(floating) or int(unknown) or int(driven_twice):
                self._refuse(f"net {name} is neither 0 nor 1 for a time; a simulation with two states has no such net")
            if int(low) + int(high) != self._duration:
                self._refuse(f"net {name} is 0 for {low} and 1 for {high}, which is not the duration {self._duration}")
            net = instance.nets.setdefault(name, Net())
            net.bits += 1
            net.toggles += 0 if int(high) == self._duration else int(changes)
        if not seen:
            self._refuse("a net with T0, T1, TZ, TX, TB and TC is expected here")
        self._need(_END, "a net with T0, T1, TZ, TX, TB and TC, or the end of the bracket of nets")

    def _take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        match = pattern.match(self._text, self._at)
        if match:
            self._at = match.end()
        return match

    def _need(self, pattern: re.Pattern[str], what: str) -> None:
        if not self._take(pattern):
            self._refuse(f"{what} is expected here")

    def _refuse(self, reason: str) -> NoReturn:
        line = self._text.count("\n", 0, self._at) + 1
        raise SaifError(f"{self._path}, line {line}: {reason}; give a SAIF file that Verilator has written whole")

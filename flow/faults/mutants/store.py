"""What is known of a block's mutants, so that a run goes on where the last one ended and nothing is run again that did
not change: a file for each block, seed, number and content, and a short one of all blocks that is part of the sources.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from remora.flow.faults.mutants.drawn import Mutant
from remora.spec.lib.errors import RemoraError
from remora.spec.lib.files import write_text

Outcome = Literal["killed", "equivalent", "survived", "undecided"]
OUTCOMES: tuple[Outcome, ...] = ("killed", "equivalent", "survived", "undecided")
NOT_KILLED = OUTCOMES[1:]


@dataclass(frozen=True)
class Record:
    """What is known of one mutant."""

    key: str
    """Of `remora.flow.faults.mutants.drawn.Mutant`, as ``does`` and ``lines``."""
    does: str
    lines: tuple[str, ...]
    outcome: Outcome
    """``undecided``: it survived, and whether it differs at all is not known."""
    by: str = ""
    """The test of the block that noticed it."""
    evidence: str = ""
    """The first thing that was wrong, in one line."""


class Store:
    """Records of one block in one file.

    Raises:
        RemoraError: the file is no store.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._records: dict[str, Record] = {}
        if path.is_file():
            try:
                entries = json.loads(path.read_text(encoding="utf-8"))
                for entry in entries:
                    record = Record(**{**entry, "lines": tuple(entry["lines"])})
                    if record.outcome not in OUTCOMES:
                        raise ValueError(record.outcome)
                    self._records[record.key] = record
            except (ValueError, TypeError, KeyError) as error:
                raise RemoraError(f"{path}: this is no store of mutants ({error}); remove it to begin anew") from error

    def get(self, key: str) -> Record | None:
        """What is known of a mutant."""
        return self._records.get(key)

    def add(self, *records: Record) -> None:
        """Write records down at once."""
        self._records.update({record.key: record for record in records})
        write_text(self.path, json.dumps([asdict(record) for record in self._records.values()], indent=1) + "\n")


class Tracked:
    """What became of the mutants of all blocks, in one file among the sources: by block what it holds for, and the keys
    of those that were not killed, by outcome.

    Raises:
        RemoraError: the file is no such record.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._blocks = self._read()

    def _read(self) -> dict[str, dict[str, Any]]:
        if not self.path.is_file():
            return {}
        try:
            blocks: dict[str, dict[str, Any]] = json.loads(self.path.read_text(encoding="utf-8"))
            for entry in blocks.values():
                if not isinstance(entry["of"], str) or not all(isinstance(entry[name], list) for name in NOT_KILLED):
                    raise ValueError("an entry lacks what it holds for, or a list of keys")
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise RemoraError(
                f"{self.path}: this is no record of mutants ({error}); remove it to begin anew"
            ) from error
        return blocks

    def records(self, block: str, of: str, mutants: Sequence[Mutant]) -> list[Record] | None:
        """What became of these mutants; None where the block is unknown or another than it was.

        Args:
            of: what the verdicts depend on.
        """
        entry = self._blocks.get(block)
        if entry is None or entry["of"] != of or entry["mutants"] != len(mutants):
            return None
        ends: dict[str, Outcome] = {key: outcome for outcome in NOT_KILLED for key in entry[outcome]}
        return [Record(each.key, each.does, each.lines, ends.get(each.key, "killed")) for each in mutants]

    def put(self, block: str, of: str, records: Sequence[Record]) -> None:
        """Write down what became of a block's mutants, beside what other commands have written meanwhile."""
        keys: dict[str, Any] = {
            name: sorted(each.key for each in records if each.outcome == name) for name in NOT_KILLED
        }
        with _alone(self.path.parent):
            self._blocks = self._read()
            self._blocks[block] = {"of": of, "mutants": len(records), **keys}
            lines = [f"{json.dumps(name)}: {json.dumps(self._blocks[name])}" for name in sorted(self._blocks)]
            write_text(self.path, "{\n" + ",\n".join(lines) + "\n}\n")


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """While the block runs, no other process is in one for this folder."""
    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)

"""What is known of a block's mutants: a file for each block, seed, number and content, so that a run goes on where the
last one ended and nothing is run again that did not change."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from remora.spec.lib.errors import RemoraError
from remora.spec.lib.files import write_text

Outcome = Literal["killed", "equivalent", "survived", "undecided"]
OUTCOMES: tuple[Outcome, ...] = ("killed", "equivalent", "survived", "undecided")


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

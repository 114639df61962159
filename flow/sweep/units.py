"""Units of work: each is done once and stored as JSON by what decides its result.

A unit's file is named by a hash of its parameters; a later run with the same parameters takes the result from there. A
unit of long work may keep its own state in a folder, so that an interruption costs little.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from remora.flow.report.console import write_json
from remora.flow.report.provenance import provenance

Advance = Callable[[int], None]
"""To be called with the amount of work done since the last call."""


@dataclass(frozen=True)
class Context:
    """What a unit may use while it works.

    Attributes:
        advance: to be called with the amount of work done since the last call.
        folder: for its state between interruptions; removed when the unit is done.
        shared: for what units share, of one experiment or several; it need not be there yet.
    """

    advance: Advance
    folder: Path
    shared: Path


@dataclass(frozen=True)
class Unit:
    """A piece of work with a JSON result.

    Attributes:
        parameters: all that decides the result, as JSON holds it.
        cost: amount of work, in the unit of the progress bar.
        work: does it.
    """

    parameters: dict[str, Any]
    cost: int
    work: Callable[[Context], dict[str, Any]]


class Store:
    """Units of one name that are done, in a folder; it can be sent to another process.

    Attributes:
        name: of the experiment or sweep that the units are of.
        version: to be changed where the code gives other results for the same parameters.
        directory: of all results; the units' files are in its folder ``units``.
        provenance: of what is done from now on: that of the command that asks for it.
    """

    def __init__(self, name: str, version: int, directory: Path) -> None:
        self.name, self.version, self.directory = name, version, directory
        # Asked once: it starts two processes, which take longer than many a unit.
        self.provenance = provenance()

    def key(self, unit: Unit) -> str:
        """16 hexadecimal digits: the same for units whose result is the same."""
        return hashlib.sha256(json.dumps(self._identity(unit), sort_keys=True).encode()).hexdigest()[:16]

    def find(self, unit: Unit) -> dict[str, Any] | None:
        """A unit as it is stored, with ``result`` and ``provenance``; None where it is not, or cannot be read, and is
        then to be done again.
        """
        identity = self._identity(unit)
        try:
            found = json.loads(self._path(unit).read_text(encoding="utf-8"))
            complete = all(found[key] == identity[key] for key in identity) and "commit" in found["provenance"]
            return found if complete and isinstance(found["result"], dict) else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def do(self, unit: Unit, advance: Advance) -> dict[str, Any]:
        """Do a unit's work where it was left, and store it; the unit as `find` gives it from now on.

        Where another process does the same unit, this one waits, and takes what that has stored.

        Raises:
            OSError: it cannot be written; the error names the file.
            Exception: what the work raises.
        """
        path = self._path(unit)
        folder, lock = path.with_suffix(".state"), path.with_suffix(".lock")
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(lock):
            found = self.find(unit)
            if found is None:
                folder.mkdir(exist_ok=True)
                found = self.keep(unit, unit.work(Context(advance, folder, self.directory / "shared")))
            shutil.rmtree(folder, ignore_errors=True)
            # Whoever waits for it, or makes it anew, finds the unit stored.
            lock.unlink(missing_ok=True)
        return found

    def keep(self, unit: Unit, result: dict[str, Any]) -> dict[str, Any]:
        """Store a unit's result; the unit as `find` gives it from now on.

        Raises:
            OSError: it cannot be written; the error names the file.
        """
        stored = _as_json({**self._identity(unit), "result": result, "provenance": self.provenance})
        write_json(self._path(unit), stored)
        return stored

    def _identity(self, unit: Unit) -> dict[str, Any]:
        return _as_json({"experiment": self.name, "version": self.version, "parameters": unit.parameters})

    def _path(self, unit: Unit) -> Path:
        return self.directory / "units" / f"{self.name}-{self.key(unit)}.json"


def _as_json(value: dict[str, Any]) -> dict[str, Any]:
    """What comes back from a file, so that a stored unit is known again: a tuple comes back as a list."""
    return json.loads(json.dumps(value))

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
    """Units of one name that are done, in a folder.

    Attributes:
        name: of the experiment or sweep that the units are of.
        version: to be changed where the code gives other results for the same parameters.
        directory: of all results; the units' files are in its folder ``units``.
    """

    def __init__(self, name: str, version: int, directory: Path) -> None:
        self.name, self.version, self.directory = name, version, directory
        self._provenance: dict[str, Any] | None = None

    def find(self, unit: Unit) -> dict[str, Any] | None:
        """A unit as it is stored, with ``result`` and ``provenance``; None where it is not, or cannot be read, and is
        then to be done again.
        """
        identity = self._identity(unit)
        try:
            found = json.loads(self._path(identity).read_text(encoding="utf-8"))
            complete = all(found[key] == identity[key] for key in identity) and "commit" in found["provenance"]
            return found if complete and "result" in found else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def do(self, unit: Unit, advance: Advance) -> dict[str, Any]:
        """Do a unit's work where it was left; its result, which is not kept yet."""
        folder = self._path(self._identity(unit)).with_suffix(".state")
        folder.mkdir(parents=True, exist_ok=True)
        return unit.work(Context(advance, folder, self.directory / "shared"))

    def keep(self, unit: Unit, result: dict[str, Any]) -> dict[str, Any]:
        """Store a unit's result; the unit as `find` gives it from now on.

        Raises:
            OSError: it cannot be written; the error names the file.
        """
        identity = self._identity(unit)
        # Asking for the commit starts two processes, which would take longer than many a unit.
        self._provenance = self._provenance or provenance()
        stored = _as_json({**identity, "result": result, "provenance": self._provenance})
        path = self._path(identity)
        write_json(path, stored)
        shutil.rmtree(path.with_suffix(".state"), ignore_errors=True)
        return stored

    def _identity(self, unit: Unit) -> dict[str, Any]:
        return _as_json({"experiment": self.name, "version": self.version, "parameters": unit.parameters})

    def _path(self, identity: dict[str, Any]) -> Path:
        key = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16]
        return self.directory / "units" / f"{self.name}-{key}.json"


def _as_json(value: dict[str, Any]) -> dict[str, Any]:
    """What comes back from a file, so that a stored unit is known again: a tuple comes back as a list."""
    return json.loads(json.dumps(value))

"""What was soaked: a line a run in a file, by content, so that the runs of several evenings add up."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from remora.flow.verify.soak.engine import Outcome
from remora.flow.verify.soak.soaker import SoakPoint
from remora.spec.lib.errors import RemoraError
from remora.spec.lib.files import write_text


@dataclass(frozen=True)
class Line:
    """One run: digests of the run and of its design point, the system, the seed and number of its draw, the commit, and
    what came of it. ``agreed`` is whether nothing was wrong."""

    key: str
    design: str
    system: str
    seed: int
    number: int
    commit: str | None
    cycles: int
    golden_values: int
    third_values: int
    mismatches: int
    agreed: bool

    @classmethod
    def of(cls, point: SoakPoint, outcome: Outcome, seed: int, number: int, commit: str | None) -> Line:
        """Of a run that has ended."""
        counted = outcome.cycles, outcome.golden_values, outcome.third_values, outcome.mismatches
        return cls(point.key, point.design_key, point.system, seed, number, commit, *counted, not outcome.failure)


class Log:
    """Lines of a file, which need not exist yet; without a file, of this process alone.

    Raises:
        RemoraError: the file is no log.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.lines: dict[str, Line] = {}
        if path and path.is_file():
            try:
                for text in path.read_text(encoding="utf-8").splitlines():
                    line = Line(**json.loads(text))
                    self.lines[line.key] = line
            except (ValueError, TypeError) as error:
                raise RemoraError(f"{path}: this is no log of a soak ({error}); give another file") from error

    def __contains__(self, point: SoakPoint) -> bool:
        """The run is in the log and agreed."""
        line = self.lines.get(point.key)
        return line is not None and line.agreed

    def add(self, line: Line) -> None:
        """Write a line down at once."""
        self.lines[line.key] = line
        if self.path:
            write_text(self.path, "".join(json.dumps(asdict(each)) + "\n" for each in self.lines.values()))

    def totals(self) -> dict[str, Any]:
        """Over all lines: ``points``, different design points; ``runs``; ``cycles``; ``values_compared``, with golden
        and with the third reading; ``third_values_compared``; ``mismatches``; ``failures``, runs that failed; and
        ``systems``, points and cycles of each."""
        lines = list(self.lines.values())
        systems = {
            name: {
                "points": len({line.design for line in lines if line.system == name}),
                "cycles": sum(line.cycles for line in lines if line.system == name),
            }
            for name in sorted({line.system for line in lines})
        }
        return {
            "points": len({line.design for line in lines}),
            "runs": len(lines),
            "cycles": sum(line.cycles for line in lines),
            "values_compared": sum(line.golden_values + line.third_values for line in lines),
            "third_values_compared": sum(line.third_values for line in lines),
            "mismatches": sum(line.mismatches for line in lines),
            "failures": sum(not line.agreed for line in lines),
            "systems": systems,
        }

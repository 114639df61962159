"""The scoreboard: compares two traces, counts what it compared, and shows the first divergence in context."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from rich.console import Group
from rich.table import Table
from rich.text import Text

from remora.spec.lib.trace import UNCOMPARED, field_names

CONTEXT = 2
"""Elements shown either side of the first that differs."""
PLACE = ("sequence", "context", "step", "tile", "row", "column")
"""Fields that say where a record belongs."""


@dataclass(frozen=True)
class Divergence:
    """The first record that differs, and where.

    Attributes:
        kind: of the record; `index`: its position among records of that kind.
        field: first field that differs, or None where a record is missing or extra.
        element: flat index within the field of its first difference.
        expected, actual: the two records, None where that side has none.
    """

    kind: str
    index: int
    field: str | None
    element: int
    expected: NDArray | None
    actual: NDArray | None


@dataclass
class Comparison:
    """What a comparison found.

    Attributes:
        compared: records compared, by kind.
        values: single numbers compared, over all kinds.
        mismatches: records that differ, are missing or are extra, by kind.
        first: the first divergence, in order of kinds and records.
    """

    compared: dict[str, int] = field(default_factory=dict)
    values: int = 0
    mismatches: dict[str, int] = field(default_factory=dict)
    first: Divergence | None = None

    @property
    def total_mismatches(self) -> int:
        """Records that differ, all kinds together."""
        return sum(self.mismatches.values())

    @property
    def passed(self) -> bool:
        """Something was compared and nothing differs: comparing nothing is a failure."""
        return self.values > 0 and self.total_mismatches == 0

    def merge(self, later: Comparison) -> None:
        """Add what a later comparison found."""
        for mine, theirs in ((self.compared, later.compared), (self.mismatches, later.mismatches)):
            for kind, count in theirs.items():
                mine[kind] = mine.get(kind, 0) + count
        self.values += later.values
        self.first = self.first or later.first

    def failure(self, kinds: Sequence[str]) -> str:
        """What is wrong, in words; empty where the comparison passed and compared a record of each of these kinds."""
        empty = [kind for kind in kinds if not self.compared.get(kind)]
        if empty or not self.values:
            missing = f"no record of {', '.join(empty)} was compared" if empty else "nothing was compared"
            return f"{missing}, so the run fails"
        return f"hardware and golden differ in {self.total_mismatches:,} records" if self.total_mismatches else ""

    def require(self, *kinds: str) -> None:
        """Raise ``AssertionError`` if there is a failure."""
        wrong = self.failure(kinds)
        if wrong:
            raise AssertionError(f"{wrong}\n{describe_text(self)}")


def compare(expected: dict[str, NDArray], actual: dict[str, NDArray]) -> Comparison:
    """Compare traces record by record, field by field, exactly.

    Args:
        expected: golden's records by kind; kinds that it lacks are not compared.
        actual: the hardware's.
    """
    result = Comparison()
    for kind, wanted in expected.items():
        got = actual.get(kind, wanted[:0])
        common = min(len(wanted), len(got))
        differs = np.zeros(common, bool)
        for name in field_names(wanted.dtype):
            if name in UNCOMPARED:
                continue
            unequal = wanted[name][:common] != got[name][:common]
            result.values += unequal.size
            differs |= unequal.any(axis=tuple(range(1, unequal.ndim)))
        result.compared[kind] = common
        result.mismatches[kind] = int(differs.sum()) + abs(len(wanted) - len(got))
        if result.first is None and result.mismatches[kind]:
            index = int(np.argmax(differs)) if differs.any() else common
            result.first = _diverge(kind, index, wanted, got)
    return result


def _diverge(kind: str, index: int, wanted: NDArray, got: NDArray) -> Divergence:
    if index >= min(len(wanted), len(got)):
        return Divergence(
            kind,
            index,
            None,
            0,
            wanted[index] if index < len(wanted) else None,
            got[index] if index < len(got) else None,
        )
    for name in field_names(wanted.dtype):
        unequal = np.atleast_1d(wanted[index][name] != got[index][name]).reshape(-1)
        if name not in UNCOMPARED and unequal.any():
            return Divergence(kind, index, name, int(np.argmax(unequal)), wanted[index], got[index])
    raise AssertionError("records were counted as different but every field is equal")


def describe(comparison: Comparison, reference: str = "golden") -> Group:
    """The first divergence for a person: where, and a table of the field around the first element that differs.

    Args:
        reference: what the hardware was compared with.
    """
    first = comparison.first
    if first is None:
        return Group(Text("no divergence"))
    record = first.expected if first.expected is not None else first.actual
    assert record is not None  # one of the two has more records
    names = field_names(record.dtype)
    where = ", ".join(f"{name} {int(record[name])}" for name in PLACE if name in names)
    if first.actual is not None and "cycle" in field_names(first.actual.dtype):
        where = ", ".join(part for part in (where, f"hardware cycle {int(first.actual['cycle'])}") if part)
    heading = Text(f"first divergence: {first.kind} record {first.index} ({where})", style="bold red")
    if first.field is None:
        missing = "the hardware has no such record" if first.actual is None else f"{reference} has no such record"
        return Group(heading, Text(missing))
    return Group(heading, _field_table(first, reference))


def _field_table(first: Divergence, reference: str) -> Table:
    assert first.expected is not None and first.actual is not None  # a field differs where both have the record
    wanted = np.atleast_1d(first.expected[first.field])
    got = np.atleast_1d(first.actual[first.field])
    table = Table(
        title=f"{first.field}: {int((wanted != got).sum())} of {wanted.size} values differ", title_justify="left"
    )
    for heading in ("index", reference, "hardware", ""):
        table.add_column(heading, justify="right")
    start = max(0, first.element - CONTEXT)
    for flat in range(start, min(wanted.size, first.element + CONTEXT + 1)):
        index = np.unravel_index(flat, wanted.shape)
        a, b = int(wanted[index]), int(got[index])
        label = ", ".join(str(int(part)) for part in index)
        table.add_row(label, str(a), str(b), "differs" if a != b else "", style="red" if a != b else None)
    return table


def describe_text(comparison: Comparison, reference: str = "golden") -> str:
    """:func:`describe` as plain text, for logs and assertion messages."""
    from rich.console import Console

    console = Console(width=100, color_system=None)
    with console.capture() as capture:
        console.print(describe(comparison, reference))
    return capture.get()

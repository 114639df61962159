"""Records of what a run compares beside its trace: answers, and named values such as counters and interrupts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from remora.spec.lib.packets import Answer

ANSWER, COUNTERS, INTERRUPTS = "answer", "counters", "interrupts"
"""Kinds of records that every run compares."""


@dataclass(frozen=True)
class Check:
    """Golden's and the hardware's records of one kind."""

    kind: str
    expected: NDArray
    actual: NDArray


def answer_records(classes: int, answers: Iterable[Answer]) -> NDArray:
    """A record an answer, or a part of it, with as many scores as there are classes."""
    names = ("tag", "flags", "decision", "last")
    dtype = [*((name, "<i8") for name in names), ("scores", "<i8", (classes,))]
    return np.array([(*(int(getattr(one, name)) for name in names), tuple(one.scores)) for one in answers], dtype)


def check_values(kind: str, expected: Mapping[str, int], actual: Mapping[str, int]) -> Check:
    """One record whose fields are the names in ``expected``; other names in ``actual`` are not compared."""
    dtype = [(name, "<i8") for name in expected]
    records = [np.array([tuple(int(values[name]) for name in expected)], dtype) for values in (expected, actual)]
    return Check(kind, records[0], records[1])


def by_name(counters: Mapping[Any, int]) -> dict[str, int]:
    """Counters under the names that records and results give them."""
    return {counter.name.lower(): value for counter, value in counters.items()}

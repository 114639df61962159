"""A pairwise cover: rows of values, one a factor, in which every two values that are legal together meet."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from itertools import combinations, product

import numpy as np

Row = dict[str, Hashable]
TRIES = 50
"""Candidates of which a row is the best."""


def pairs(row: Row) -> set[frozenset]:
    """Every two of a row's factors with their values."""
    return {frozenset(two) for two in combinations(row.items(), 2)}


def legal_pairs(factors: Mapping[str, Sequence[Hashable]], legal: Callable[[Row], bool]) -> set[frozenset]:
    """Those that rows may hold; ``legal`` says whether values of some factors, or of all, go together."""
    every = (
        {one: a, other: b} for one, other in combinations(factors, 2) for a, b in product(factors[one], factors[other])
    )
    return {frozenset(row.items()) for row in every if legal(row)}


def pairwise(factors: Mapping[str, Sequence[Hashable]], legal: Callable[[Row], bool], seed: int = 1) -> list[Row]:
    """Greedily the rows that meet most pairs that none has met; the same for the same seed."""
    random, left, rows = np.random.default_rng(seed), legal_pairs(factors, legal), []
    while left:
        first = sorted(left, key=lambda pair: sorted(map(str, pair)))
        candidates = [
            _filled(dict(first[random.integers(len(first))]), factors, legal, left, random) for _ in range(TRIES)
        ]
        rows.append(max(filter(None, candidates), key=lambda row: len(pairs(row) & left)))
        left -= pairs(rows[-1])
    return rows


def _filled(row: Row, factors, legal, left: set[frozenset], random: np.random.Generator) -> Row | None:
    """A pair with values of the other factors, in random order; None where none is legal."""
    for name in random.permutation([name for name in factors if name not in row]).tolist():
        fitting = [row | {name: value} for value in factors[name] if legal(row | {name: value})]
        if not fitting:
            return None
        row = max(fitting, key=lambda each: (len(pairs(each) & left), random.random()))
    return {name: row[name] for name in factors}

"""Cycles of verified pulses, as worked out by hand from the states that they count; in the hardware they are compared
with its counters by tests/top/crossbar/verified."""

from __future__ import annotations

import numpy as np

from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer
from remora.spec.crossbar.update_cycles import ROUNDED
from remora.spec.crossbar.verify.verified_cycles import (
    MISSED,
    NOTHING_TO_WRITE,
    Round,
    VerifiedTile,
    Writing,
    column_writing,
    column_writings,
)
from remora.spec.presets import load_design

FOUR = load_design("mnist-learn", DesignPoint).evolve(learning={"verify_reads": 4, "verify_give_up": 3})
"""A row read four times takes 46 cycles and each further one 40; a pulse takes 7."""
YES, NO = (True,), (False,)


def written(*tiles: VerifiedTile) -> Writing:
    return column_writing(FOUR.cycles, Layer.HIDDEN, tiles)


def test_a_row_is_read_pulsed_and_read_again():
    cycles = FOUR.cycles
    assert [cycles.rows_read(layer, rows) for layer in Layer for rows in (1, 2)] == [46, 86, 46, 86]
    assert (cycles.pulse, cycles.sense, written()) == (7, 3, NOTHING_TO_WRITE)
    # The tile in cycle 1, sums in 47 and 100, the pulse in 48, its end in 54, the check in 101.
    assert written(VerifiedTile(0, 0, (Round(1, 1, YES),))) == Writing(101, (102,))
    assert written(VerifiedTile(0, 0, (Round(1, 1, NO),))) == Writing(101)
    # Another pulse; one that is dropped.
    assert written(VerifiedTile(0, 0, (Round(2, 2, NO),))) == Writing(108)
    assert written(VerifiedTile(0, 0, (Round(2, 1, NO),))) == Writing(103)
    assert written(VerifiedTile(0, 0, (Round(1, 0, NO),))) == Writing(96)


def test_rows_rounds_and_tiles_follow_one_another():
    # Two rows: sums in 87, then in 140 and 180.
    assert written(VerifiedTile(0, 0, (Round(1, 1, (True, True)),))) == Writing(181, (142, 182))
    # One of them once more: the pulse in 182, its sum in 234.
    again = (Round(1, 1, (True, False)), Round(1, 1, YES))
    assert written(VerifiedTile(0, 0, again)) == Writing(235, (142, 236))
    one = (Round(1, 1, YES),)
    assert written(VerifiedTile(0, 2, one)) == Writing(103, (104,))
    assert written(VerifiedTile(0, 0, one), VerifiedTile(0, 2, one)) == Writing(203, (102, 204))


def test_columns_are_told_apart():
    one = (Round(1, 1, YES),)
    tiles = [VerifiedTile(column, 0, one) for column in (3, 99, 100)]
    assert dict(column_writings(FOUR.cycles, tiles)) == dict.fromkeys((3, 99, 100), Writing(101, (102,)))


def test_an_update_takes_what_its_walk_does_not_hide():
    """Between none and the most: what each further pulsed weight adds is never negative."""
    cycles, random = FOUR.cycles, np.random.default_rng(1)
    plain = cycles.fewest_update(28)
    assert cycles.verified_update(28, []) == (plain, plain)
    tiles: list[VerifiedTile] = []
    last = plain
    for column in sorted(random.permutation(110)[:8].tolist()):
        tiles.append(VerifiedTile(column, 0, (Round(1, 1, YES),)))
        now, most = cycles.verified_update(28, tiles)
        assert now == most
        assert last <= now <= most
        last = now
    assert last > plain


def test_columns_without_pulses_do_not_wait_for_those_that_are_read():
    """The walk hides what is read of a column, until the next one with pulses is there."""
    cycles, one = FOUR.cycles, (Round(1, 1, YES),)
    plain = cycles.fewest_update(28)

    def more(*columns: int) -> int:
        return cycles.verified_update(28, [VerifiedTile(column, 0, one) for column in columns])[1] - plain

    assert more(3) == more(3, 50) == more(3, 20, 40, 60, 80) == 0
    assert 0 < more(3, 4) < more(3, 4, 5) and 0 < more(108) < more(109) <= 101 + MISSED + ROUNDED


def test_flags_are_waited_for_unless_they_are_there():
    slow = FOUR.evolve(crossbar={"sense_cycles": 200})
    tile = VerifiedTile(0, 0, (Round(1, 1, NO),))
    # The flags are there in cycle 203, the row in 48.
    assert slow.cycles.sense - FOUR.cycles.sense == 199
    waits, settled = (column_writing(slow.cycles, Layer.HIDDEN, [tile], settled) for settled in (False, True))
    assert waits.cycles - settled.cycles == slow.cycles.sense - 46 - 1
    assert settled == written(tile)
    # The walk over the columns that follow hides both; of the last column it hides neither.
    last = VerifiedTile(109, 0, tile.rounds)
    assert len(set(slow.cycles.verified_update(28, [tile]))) == 1
    fewest, most = slow.cycles.verified_update(28, [last])
    assert most - fewest == waits.cycles - settled.cycles
    assert len(set(FOUR.cycles.verified_update(28, [last]))) == 1

"""Pulses of a column, of ideal and of real devices, and what reading before and after tells. Rules P, D22 and J."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from remora.flow.systems.crossbar.reading.devices import DOWN, MINUS, PLUS, UP, RealLayer
from remora.flow.systems.crossbar.reading.inference import Matrix, Network
from remora.flow.systems.crossbar.reading.point import Point
from remora.flow.verify.reading.integers import sat


def pulse_column(
    point: Point, network: Network, layer: str, column: int, dues: Sequence[int], counted: Counter[str]
) -> dict[int, int]:
    """Give every row of a column its pulses, up where positive.

    Args:
        counted: takes what rules P3 and J2 count.

    Returns:
        Row → ``±n · k · 2^f − D`` of rule J3, where accumulators get something back.
    """
    hidden = layer == "hidden"
    weights = network.hidden if hidden else network.readout
    k = point.fields["learning"]["verify_reads"]
    missed: dict[int, int] = {}
    if not network.chip:
        for row, due in enumerate(dues):
            was = weights[row][column]
            _ideal(point, weights, row, column, due, counted)
            if due and k:
                missed |= _missed_ideally(point, row, due, was, weights[row][column])
        return missed
    real = network.chip[not hidden]
    for first, rows in point.hidden_tiles if hidden else point.readout_tiles:
        part = {row: dues[row] for row in range(first, first + rows) if dues[row]}
        if k:
            missed |= _verified(point, real, column, part, counted)
            continue
        for row, due in part.items():
            if point.digital and row == len(dues) - 1:
                _ideal(point, weights, row, column, due, counted)
            else:
                touched: set[int] = set()
                dropped = _real(point, real, row, column, due, touched)
                counted.update(applied=abs(due) - dropped, dropped=dropped, devices=len(touched))
    return missed


def _ideal(point: Point, weights: Matrix, row: int, column: int, due: int, counted: Counter[str]) -> None:
    """Rules P1 to P3, P5 and K6."""
    was = weights[row][column]
    weights[row][column] = now = sat(was + due, point.weight)
    moved = abs(now - was)
    crossed = was * now < 0 and point.fields["crossbar"]["pair"] == "canonical"
    counted.update(applied=moved, dropped=abs(due) - moved, devices=(moved > 0) + crossed)


def _missed_ideally(point: Point, row: int, due: int, was: int, now: int) -> dict[int, int]:
    """Rule J3 of ideal devices, which are read exactly."""
    k, f = point.fields["learning"]["verify_reads"], point.fine_bits
    before, after = (sat(weight << f, point.code) for weight in (was, now))
    difference = k * (after - before)
    if point.code in (abs(before), abs(after)) or 4 * abs(difference) < k << f:
        return {}  # full scale, or it has not moved
    return {row: due * (k << f) - difference}


def _real(point: Point, real: RealLayer, row: int, column: int, due: int, touched: set[int]) -> int:
    """The pulses of a pair one after the other, by its flags; how many were dropped. Rule D22.

    Args:
        touched: takes the sides that were pulsed.
    """
    direction, dropped = UP if due > 0 else DOWN, 0
    reference = point.fields["crossbar"]["pair"] == "reference"
    plus, minus = (real.devices[side][row][column] for side in (PLUS, MINUS))
    full = 2 * point.weight if reference else point.fields["crossbar"]["levels"] - 1
    for _ in range(abs(due)):
        if reference:
            side, barred = PLUS, plus.full(full) if direction == UP else plus.rests
            move = direction
        else:
            # The device that comes down goes first, then the other one up.
            lowered, raised = (MINUS, PLUS) if direction == UP else (PLUS, MINUS)
            falls = not (minus if lowered == MINUS else plus).rests
            side, move = (lowered, DOWN) if falls else (raised, UP)
            barred = not falls and (plus if raised == PLUS else minus).full(full)
        if barred:
            dropped += 1
            continue
        real.pulse(row, column, side, move)
        touched.add(side)
    return dropped


def _verified(
    point: Point, real: RealLayer, column: int, dues: dict[int, int], counted: Counter[str]
) -> dict[int, int]:
    """Read, pulse, read again, and pulse those that have not moved once more. Rules J1 to J3."""
    settings = point.fields["learning"]
    k, f, most = settings["verify_reads"], point.fine_bits, settings["verify_give_up"]
    before = {row: [real.fine_read(row, column) for _ in range(k)] for row in dues}
    given = {row: abs(due) for row, due in dues.items()}
    touched: dict[int, set[int]] = {row: set() for row in dues}
    dropped = {row: _real(point, real, row, column, due, touched[row]) for row, due in dues.items()}
    after: dict[int, list[int]] = {}
    pending = list(dues)
    while pending:
        for row in pending:
            after[row] = [real.fine_read(row, column) for _ in range(k)]
        pending = [
            row
            for row in pending
            if not _off_scale(point, before[row], after[row])
            and 4 * abs(sum(after[row]) - sum(before[row])) < k << f
            and not dropped[row]
            and given[row] < most
        ]
        for row in pending:
            given[row] += 1
            dropped[row] += _real(point, real, row, column, 1 if dues[row] > 0 else -1, touched[row])
    missed: dict[int, int] = {}
    for row, due in dues.items():
        counted.update(applied=given[row] - dropped[row], dropped=dropped[row], devices=len(touched[row]))
        difference = sum(after[row]) - sum(before[row])
        if _off_scale(point, before[row], after[row]):
            continue
        if 4 * abs(difference) >= k << f:
            missed[row] = due * (k << f) - difference
        else:
            counted.update(given_up=not dropped[row])
    return missed


def _off_scale(point: Point, *codes: list[int]) -> bool:
    """A code is full scale. Rule J1."""
    return any(abs(code) == point.code for each in codes for code in each)

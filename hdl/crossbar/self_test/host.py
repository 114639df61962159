"""What the registers set and read of the self-test."""

from __future__ import annotations

from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.spec.crossbar.self_test.plan import (
    COUNT_BITS,
    HARDWARE_CLASSES,
    LEAST_BITS,
    SUM_BITS,
    THRESHOLD_BITS,
)


class FindingsHost(wiring.Signature):
    """The list of findings, seen from the registers.

    Ports:
        pointer: an entry of the list.
        finding: that entry, two cycles later; 0 where the list has none, and while one is added.
        listed: findings, also those for which the list has no room.
        overflow: the list has no room for all.
        count_<class>: findings of a class.

    A reset of the core, as by a soft reset or a macro that does not answer, clears them.
    """

    def __init__(self, **members: wiring.Member) -> None:
        super().__init__(
            {
                "pointer": Out(COUNT_BITS),
                "finding": In(32),
                "listed": In(COUNT_BITS),
                "overflow": In(1),
                **{f"count_{defect.name.lower()}": In(COUNT_BITS) for defect in HARDWARE_CLASSES},
                **members,
            }
        )


class SelfTestHost(FindingsHost):
    """The self-test, seen from the registers.

    Ports:
        pointer: as of `FindingsHost`.
        finding: as of `FindingsHost`.
        listed: as of `FindingsHost`.
        overflow: as of `FindingsHost`.
        count_<class>: as of `FindingsHost`.
        start: begins a test; only while nothing else uses the crossbars.
        weigh: with ``start``, no device is pulsed.
        threshold: of movement; it must stay until ``done``.
        least: sum of a plane with which others are compared; likewise.
        group: a group of columns, counted from 0 over row tiles and layers.
        lane: a column of it.
        sum: of that column, two cycles later; only while no test is under way.
        busy: high from the cycle after ``start`` until the end.
        done: high for one cycle at the end.
    """

    def __init__(self) -> None:
        super().__init__(
            start=Out(1),
            weigh=Out(1),
            threshold=Out(THRESHOLD_BITS),
            least=Out(LEAST_BITS),
            group=Out(16),
            lane=Out(16),
            sum=In(SUM_BITS),
            busy=In(1),
            done=In(1),
        )

"""Healing: what asks for replays of the reservoir without a new sequence, and the accuracy by which it starts."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.learning.healing.host import HealingHost
from remora.spec.crossbar.learning import ACCURACY_SHIFT, MOST_ACCURACY


class Healing(wiring.Component):
    """Counts the healing replays that software asks for, keeps the reservoir accuracy, and asks by it for more.

    ``replayed`` in cycle t: ``count`` and ``accuracy`` show it in t + 1, ``policy`` in t + 2. Where software writes in
    the same cycle, what it writes stands.

    Rules M13 to M15.

    Ports:
        replayed: the update of a replay begins.
        right: with ``replayed``, the replay was decided as its label says.
        healing: the sequence at hand is a healing replay, from its draw to the end of its update.
        reset: a soft reset takes effect; never with ``replayed``.
        asked: a healing replay is asked for.
        host: settings and state.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "replayed": In(1),
                "right": In(1),
                "healing": In(1),
                "reset": In(1),
                "asked": Out(1),
                "host": In(HealingHost()),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        host, was = self.host, Signal()
        self._count(m)
        self._weigh(m)
        m.d.comb += [
            self.asked.eq(host.run | host.policy),
            host.healing.eq(self.asked | self.healing),
            host.healed.eq(was & ~host.healing),
        ]
        m.d.sync += was.eq(host.healing & ~self.reset)
        return m

    def _count(self, m: Module) -> None:
        """What software has asked for. It runs only where some are left.

        A replay that began while it ran counts, though it is stopped meanwhile, unless software asks anew.
        """
        host, none, one_less, counted = self.host, Signal(), Signal(), Signal()
        m.d.sync += counted.eq(Mux(self.healing, counted & ~self.replayed, host.run) & ~host.load_count & ~self.reset)
        m.d.comb += [
            one_less.eq(self.replayed & self.healing & counted),
            none.eq(Mux(host.load_count, host.count_value == 0, host.count == one_less)),
        ]
        m.d.sync += host.run.eq((host.load_count | Mux(host.load_control, host.run_value, host.run)) & ~none)
        with m.If(one_less):
            m.d.sync += host.count.eq(host.count - 1)
        with m.If(host.load_count):
            m.d.sync += host.count.eq(host.count_value)
        with m.If(self.reset):
            m.d.sync += host.run.eq(0)

    def _weigh(self, m: Module) -> None:
        """The accuracy, and a cycle later the policy."""
        host, weighed = self.host, Signal()
        accuracy = Signal.like(host.accuracy, name="accuracy_held", init=MOST_ACCURACY)
        m.d.comb += host.accuracy.eq(accuracy)
        m.d.sync += weighed.eq(self.replayed)
        with m.If(self.replayed):
            gained, lost = (MOST_ACCURACY - accuracy) >> ACCURACY_SHIFT, accuracy >> ACCURACY_SHIFT
            m.d.sync += accuracy.eq(Mux(self.right, accuracy + gained, accuracy - lost))
        with m.If(host.load_accuracy):
            m.d.sync += accuracy.eq(host.accuracy_value)
        with m.If(weighed):
            goes_on = host.policy & (accuracy <= host.stop) & host.start.any()
            m.d.sync += host.policy.eq((accuracy < host.start) | goes_on)
        with m.If(host.load_control):
            m.d.sync += host.policy.eq(host.policy_value)
        with m.If(self.reset):
            m.d.sync += host.policy.eq(0)

"""Healing: what asks for replays of the reservoir without a new sequence, and the accuracy by which it asks."""

from __future__ import annotations

from dataclasses import dataclass, replace

from remora.golden.learning.settings import LearningSettings
from remora.spec.crossbar.learning import ACCURACY_SHIFT, MOST_ACCURACY, MOST_HEALING_REPLAYS


@dataclass(frozen=True)
class HealingState:
    """What the registers of these names hold between sequences; as after reset where nothing is said.

    Rules M13 to M15.

    Attributes:
        accuracy: a, running share of the replays that were decided rightly before their update, 0 … 65535.
        left: healing replays that are left of those that were asked for, 0 … 2³² − 1.
        run: they are asked for now; never where none is left.
        policy: h, the policy asks for healing replays.
    """

    accuracy: int = MOST_ACCURACY
    left: int = 0
    run: bool = False
    policy: bool = False

    def check(self) -> HealingState:
        """Return this state if it is a legal one.

        Raises:
            ValueError: a value is out of its range; the message says what was found and what is legal.
        """
        for name, most in (("accuracy", MOST_ACCURACY), ("left", MOST_HEALING_REPLAYS)):
            if not 0 <= (value := getattr(self, name)) <= most:
                raise ValueError(f"the healing state {name} is {value}; it must be in 0…{most}")
        if self.run and not self.left:
            raise ValueError("the healing state says that replays are asked for, but none is left")
        return self

    def asked(self, count: int) -> HealingState:
        """After ``count`` healing replays are asked for in place of those left; 0 stops. Rule M14.

        Raises:
            ValueError: the count is out of its range.
        """
        return replace(self, left=count, run=count > 0).check()

    def begun(self) -> HealingState:
        """As the update of a healing replay begins. Rule M14."""
        left = self.left - self.run
        return replace(self, left=left, run=self.run and left > 0)

    def replayed(self, right: bool, settings: LearningSettings) -> HealingState:
        """As the update of any replay begins, which was decided ``right``. Rules M13 and M14."""
        gained = (MOST_ACCURACY - self.accuracy) >> ACCURACY_SHIFT
        accuracy = self.accuracy + gained if right else self.accuracy - (self.accuracy >> ACCURACY_SHIFT)
        start, stop = settings.heal_start, settings.heal_stop
        policy = accuracy < start or (self.policy and start > 0 and accuracy <= stop)
        return replace(self, accuracy=accuracy, policy=policy)

    def reset(self) -> HealingState:
        """After a soft reset: nothing is asked for, the number left and the accuracy stay. Rule M15."""
        return replace(self, run=False, policy=False)

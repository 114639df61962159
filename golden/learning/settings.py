"""What software may change of learning while the hardware is halted; everything else is the design point's."""

from __future__ import annotations

from dataclasses import MISSING, asdict, dataclass, fields, replace

from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.learning import HEALING_RATE_SHIFT, MOST_ACCURACY, MOST_RATE_SHIFT, MOST_VERIFY_FEEDBACK

_MOST_REPLAYS = 255
_LARGEST_SEED = 2**32 - 1
_FORMER_NAMES = {"hidden_slower": "hidden_rate_shift", "readout_slower": "readout_rate_shift"}
"""Names in checkpoints of version 0.1."""


@dataclass(frozen=True)
class LearningSettings:
    """Settings of learning and replay, as the registers of these names hold them.

    Rules L11, L16, M12, M14 and J3.

    Attributes:
        seed: of the feedback matrix and of every draw.
        winners: hidden units that learn; all of them where the design point does not select.
        replay_ratio: sequences replayed after each new one, 0 … 255; without meaning where there is no reservoir.
        hidden_rate_shift, readout_rate_shift: further right shift of a layer's rate, 0 … 3: ``S = rs(G, shift +
            rate_shift)``.
        heal_hidden_rate_shift, heal_readout_rate_shift: in their place in healing replays, 0 … 3. These and the next
            two are without meaning where nothing heals.
        heal_start, heal_stop: reservoir accuracies below which the policy starts healing, and above which it stops,
            0 … 65535; 0 to start is no policy.
        verify_feedback: eighths of what pulses missed that χ gets back, 0 … 8; without meaning where no pulse is
            verified.
    """

    seed: int
    winners: int
    replay_ratio: int
    hidden_rate_shift: int = 0
    readout_rate_shift: int = 0
    heal_hidden_rate_shift: int = HEALING_RATE_SHIFT
    heal_readout_rate_shift: int = HEALING_RATE_SHIFT
    heal_start: int = 0
    heal_stop: int = 0
    verify_feedback: int = MOST_VERIFY_FEEDBACK

    @classmethod
    def of(cls, design: DesignPoint) -> LearningSettings:
        """As after reset."""
        learning = design.learning
        feedback = learning.verify_feedback
        return cls(learning.seed, design.winners, learning.replay_ratio, verify_feedback=feedback)

    def check(self, design: DesignPoint) -> LearningSettings:
        """Return these settings if the design point can have them.

        Raises:
            ValueError: a setting is out of its range; the message names it, its value and what is legal.
        """
        hidden = design.network.hidden
        fewest = 1 if design.learning.winners != "all" else hidden
        ranges = {
            "seed": (0, _LARGEST_SEED),
            "winners": (fewest, hidden),
            "replay_ratio": (0, _MOST_REPLAYS),
            "hidden_rate_shift": (0, MOST_RATE_SHIFT),
            "readout_rate_shift": (0, MOST_RATE_SHIFT),
            "heal_hidden_rate_shift": (0, MOST_RATE_SHIFT),
            "heal_readout_rate_shift": (0, MOST_RATE_SHIFT),
            "heal_start": (0, MOST_ACCURACY),
            "heal_stop": (0, MOST_ACCURACY),
            "verify_feedback": (0, MOST_VERIFY_FEEDBACK),
        }
        for name, (low, high) in ranges.items():
            value = getattr(self, name)
            if type(value) is not int or not low <= value <= high:
                legal = f"{low}…{high}" if low < high else f'{low}: with learning.winners = "all" none is selected'
                raise ValueError(f"the learning setting {name} is {value!r}; it must be {legal}")
        return self

    @property
    def in_healing(self) -> LearningSettings:
        """Those by which a healing replay learns. Rule M12."""
        hidden, readout = self.heal_hidden_rate_shift, self.heal_readout_rate_shift
        return replace(self, hidden_rate_shift=hidden, readout_rate_shift=readout)

    def as_dict(self) -> dict[str, int]:
        """By name, for storage."""
        return asdict(self)

    @classmethod
    def from_dict(cls, content: dict[str, int]) -> LearningSettings:
        """What `as_dict` gave, of this version or of version 0.1, which had no settings of healing.

        Raises:
            ValueError: a name is missing or unknown.
        """
        names = {field.name for field in fields(cls)}
        needed = {field.name for field in fields(cls) if field.default is MISSING} | set(_FORMER_NAMES.values())
        if isinstance(content, dict):
            found = {_FORMER_NAMES.get(name, name): value for name, value in content.items()}
            if needed <= found.keys() <= names and len(found) == len(content):
                return cls(**found)
        raise ValueError(f"learning settings must be named {', '.join(sorted(names))}")

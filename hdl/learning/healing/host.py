"""What the registers set and read of healing."""

from __future__ import annotations

from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from remora.hdl.lib.threefry import WORD
from remora.spec.crossbar.learning import ACCURACY_BITS, MOST_RATE_SHIFT


class HealingHost(wiring.Signature):
    """Settings and state of healing, seen from the registers.

    Ports:
        hidden_rate_shift: halvings of the hidden layer's rate in healing; as the next three, only while halted.
        readout_rate_shift: halvings of the readout's rate in healing.
        start: the policy starts healing below this accuracy; 0 for no policy.
        stop: it stops healing above this one.
        load_count: sets ``count`` to ``count_value``, and ``run`` where that is not 0.
        count_value: what is loaded.
        load_control: sets ``run``, where ``count`` is not 0, and ``policy``.
        run_value: what is loaded.
        policy_value: what is loaded.
        load_accuracy: sets ``accuracy`` to ``accuracy_value``; only while halted.
        accuracy_value: what is loaded.
        count: healing replays left of those asked for.
        run: they are asked for now.
        policy: the policy asks for healing replays.
        accuracy: of the reservoir.
        healing: one is asked for, or under way.
        healed: ``healing`` has fallen, but not because of a reset.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "hidden_rate_shift": Out(MOST_RATE_SHIFT.bit_length()),
                "readout_rate_shift": Out(MOST_RATE_SHIFT.bit_length()),
                "start": Out(ACCURACY_BITS),
                "stop": Out(ACCURACY_BITS),
                "load_count": Out(1),
                "count_value": Out(WORD),
                "load_control": Out(1),
                "run_value": Out(1),
                "policy_value": Out(1),
                "load_accuracy": Out(1),
                "accuracy_value": Out(ACCURACY_BITS),
                "count": In(WORD),
                "run": In(1),
                "policy": In(1),
                "accuracy": In(ACCURACY_BITS),
                "healing": In(1),
                "healed": In(1),
            }
        )

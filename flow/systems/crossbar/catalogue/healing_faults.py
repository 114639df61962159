"""Faults of the catalogue in healing, for designs that replay their reservoir without new sequences."""

from __future__ import annotations

from remora.flow.faults.mutation import Fault
from remora.spec.crossbar.design import DesignPoint

LEARNING, HEALING, RESERVOIR, SEQUENCER, COUNTERS, REGISTERS = (
    f"remora_{name}" for name in ("core_learning", "healing", "reservoir", "sequencer", "counters", "register_block")
)


def healing_faults(design: DesignPoint) -> list[Fault]:
    """Mistakes in what is drawn and learnt, in what is counted and weighed, and in what is told."""
    rates = {f"healing__{layer}_rate_shift": f"host__{layer}_rate_shift" for layer in ("hidden", "readout")}
    faults = [
        Fault("heals_at_ordinary_rates", "healing learns at the rates of new sequences", LEARNING, rates),
        Fault("heals_for_ever", "healing replays are not counted down", HEALING, {"replayed": "1'b0"}),
        Fault(
            "heals_once_more", "one replay more than is asked for", HEALING,
            {"host__count_value": "host__count_value + 1"},
        ),
        Fault("accuracy_always_right", "every replay counts as decided rightly", HEALING, {"right": "1'b1"}),
        Fault(
            "accuracy_of_healing_alone", "replays after new sequences are not weighed", HEALING,
            {"replayed": "replayed & healing"},
        ),
        Fault(
            "healing_answered", "healing replays are answered like packets", SEQUENCER,
            {"answer__push": "good_answer__push | (good_concluded & good_learning__healing)"},
        ),
        Fault(
            "healing_counted_as_replay", "healing replays are counted among those after new sequences", COUNTERS,
            {"increments__replayed": "increments__replayed | increments__healed"},
        ),
        Fault("healed_unsaid", "the end of healing raises no event", REGISTERS, {"interrupt_status_healed": "1'b0"}),
    ]  # fmt: skip
    if design.learning.replay_capacity > 1:
        faults += [
            Fault("heals_by_n", "slots are drawn by n, which stands still", RESERVOIR, {"updates": "good_presented"}),
            Fault("heals_as_it_replays", "slots are drawn as those of other replays", RESERVOIR, {"healing": "1'b0"}),
        ]
    return faults

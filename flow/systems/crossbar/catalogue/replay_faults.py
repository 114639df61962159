"""Faults of the catalogue in the replay buffer and its sequence, for designs that have one."""

from __future__ import annotations

from remora.flow.faults.mutation import Fault
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.memories import HostMemory, host_memories
from remora.spec.lib.macro_memories import MemoryShape
from remora.spec.lib.rng import Purpose

RESERVOIR, INDEX, QUANTISER, SEQUENCER = (
    f"remora_{name}" for name in ("reservoir", "index_unit", "replay_quantiser", "sequencer")
)


def replay_faults(design: DesignPoint) -> list[Fault]:
    """Mistakes in what is drawn, in what is stored, in what is replayed, and in when."""
    return [*_draws(design), *_memory(design), *_order()]


def _draws(design: DesignPoint) -> list[Fault]:
    brighter = "features | {" + f"{design.network.features}{{8'h10}}" + "}"
    return [
        Fault(
            "index_off_by_one",
            "the slot after the one drawn is taken",
            INDEX,
            {"index": "good_index == bound - 1 ? 0 : good_index + 1"},
        ),
        Fault("index_of_other_seed", "slots are drawn without the seed", INDEX, {"seed": "0"}),
        Fault("replay_index_ignored", "all replays after a sequence are of one slot", INDEX, {"replay_index": "0"}),
        Fault(
            "purposes_confused",
            "replays are drawn from the numbers of the insertions",
            INDEX,
            {"purpose": str(int(Purpose.RESERVOIR_INDEX))},
        ),
        Fault("quantiser_biased", "features are stored too bright", QUANTISER, {"features": brighter}),
        Fault("quantiser_not_random", "every sequence is rounded by the same numbers", QUANTISER, {"number": "0"}),
        Fault(
            "counted_twice",
            "n goes up at the insertion too",
            RESERVOIR,
            {"next_sequence": "next_sequence | insert"},
        ),
        Fault("clear_ignored", "the reservoir cannot be cleared", RESERVOIR, {"clear": "1'b0"}),
        Fault("freeze_ignored", "the reservoir cannot be frozen", RESERVOIR, {"freeze": "1'b0"}),
    ]


def _memory(design: DesignPoint) -> list[Fault]:
    parity, sizes = design.capabilities.parity, host_memories(design)
    steps, heads = (
        f"remora_{MemoryShape(sizes[memory].width, sizes[memory].depth, parity=parity).module_name}"
        for memory in (HostMemory.RESERVOIR_STEPS, HostMemory.RESERVOIR_HEADS)
    )
    faults = [
        Fault(
            "inserts_the_replay",
            "what was replayed last is inserted in place of the new sequence",
            RESERVOIR,
            {"insert_features": "good_features"},
        ),
        Fault("stored_elsewhere", "steps are stored one word early", steps, {"write_address": _less("write_address")}),
        Fault("head_of_neighbour", "label and length of a neighbour", heads, {"read_address": _less("read_address")}),
    ]
    if design.network.classes > 1:
        wrong = "good_label == 0 ? 1 : good_label - 1"
        faults.append(Fault("replayed_label", "a replay has its neighbour's label", RESERVOIR, {"label": wrong}))
    if design.network.max_steps > 1:
        shorter = "good_length > 1 ? good_length - 1 : good_length"
        faults += [
            Fault("replayed_short", "a replay ends a step early", RESERVOIR, {"length": shorter}),
            Fault("replayed_late", "a replay repeats its first step", RESERVOIR, {"step": _less("step")}),
        ]
    return faults


def _less(port: str) -> str:
    return f"{port} != 0 ? {port} - 1 : 0"


def _order() -> list[Fault]:
    return [
        Fault("ratio_off_by_one", "one replay too many", SEQUENCER, {"learning__ratio": "learning__ratio + 1"}),
        Fault("empty_replayed", "an empty reservoir is replayed", SEQUENCER, {"learning__stocked": "1'b1"}),
        Fault("never_inserted", "no sequence is inserted", SEQUENCER, {"learning__insert": "1'b0"}),
        Fault("replays_answered", "replays are answered like packets", SEQUENCER, {"answer__push": "good_concluded"}),
        Fault("replays_uncounted", "replays are not counted", "remora_counters", {"increments__replayed": "1'b0"}),
    ]

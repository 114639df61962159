"""Faults of the catalogue in the schedule of several sequences in flight, for designs that have contexts."""

from __future__ import annotations

from remora.flow.faults.mutation import Fault
from remora.spec.crossbar.design import DesignPoint

CONTEXTS, CELL, FOLDS, CONVERSION = (f"remora_{name}" for name in ("contexts", "miru_cell", "fold_issue", "conversion"))
SLOTS, ARRAY, SEQUENCER = (f"remora_{name}" for name in ("result_slots", "crossbar_array_hidden", "sequencer"))


def context_faults(design: DesignPoint) -> list[Fault]:
    """Mistakes in whose step is whose, in what is waited for, and in the order of the answers."""
    faults = [*_exchanged(design), *_waits()]
    if not design.capabilities.reads_every_step:
        faults.append(
            Fault(
                "answers_reordered", "answers leave as they come", SLOTS,
                {"answer__push": "control__push", "next__scores": "result__scores",
                 "next__decision": "result__decision", "next__tag": "result__tag", "next__flags": "result__flags"},
            )
        )  # fmt: skip
    if design.crossbar.integrators > 1:
        faults.append(
            Fault(
                "integrators_swapped", "the sample takes the integrator that gathers", ARRAY,
                {"strobes__integrator": "strobes__integrator ^ strobes__sample"},
            )
        )  # fmt: skip
    if design.capabilities.learns:
        faults.append(
            Fault(
                "barrier_ignored", "a sequence that learns starts beside others", CONTEXTS,
                {"arrived__flags": "arrived__flags & ~8'd1"},
            )
        )  # fmt: skip
    return faults


def _exchanged(design: DesignPoint) -> list[Fault]:
    last = design.system.contexts - 1

    def other(port: str) -> str:
        """The next context or bank below, the last one in place of the first."""
        return f"{port} == 0 ? {last} : {port} - 1"

    return [
        Fault(
            "states_exchanged", "states are stored in another context", FOLDS,
            {"cell__context_index": other("good_cell__context_index")},
        ),
        Fault(
            "old_states_exchanged", "the old states are those of another context", FOLDS,
            {"cell__read_context": other("good_cell__read_context")},
        ),
        Fault("words_exchanged", "a step streams the words of the first context", CELL, {"streamed": "0"}),
        Fault("readout_exchanged", "the readout streams the words of the first context", CELL, {"read_out": "0"}),
        Fault(
            "tag_lost", "codes count as those of the first context", CONVERSION,
            {"converted__context_index": "0"},
        ),
        Fault(
            "features_exchanged", "a step streams the features of another sequence", CONTEXTS,
            {"bank": other("good_bank")},
        ),
        Fault(
            "heads_exchanged", "an answer has the head of another sequence", CONTEXTS,
            {"leaving_bank": other("good_leaving_bank")},
        ),
    ]  # fmt: skip


def _waits() -> list[Fault]:
    late = """  logic [3:0] late = 0;
  always @(posedge clk) late <= {late[2:0], valid};"""
    return [
        Fault(
            "words_not_awaited", "a step starts before its words are stored", SEQUENCER,
            {
                "ended__valid": "hidden__valid", "ended__context_index": "good_at_hand__context_index",
                "ended__last": "1'b0",
            },
        ),
        Fault(
            "codes_after_the_next", "the cell takes codes after the next ones are there", FOLDS, {"valid": "late[3]"},
            late,
        ),
    ]  # fmt: skip

"""Probes: what the trace monitor watches inside the top level, by instance path and port."""

from __future__ import annotations

from remora.spec.crossbar.capabilities import Capabilities

PROBES = {
    # Monitor's port: (instance path, port)
    "reset": ("core.sequencer", "rst"),
    "step": ("core.sequencer", "step"),
    "context_index": ("core.sequencer", "context_index"),
    "plane": ("core.hidden", "plane"),
    "wl_pos": ("core.hidden", "wl_pos"),
    "wl_neg": ("core.hidden", "wl_neg"),
    "integrate_hidden": ("core.sequencer", "integrate_hidden"),
    "issue": ("core.sequencer", "issue"),
    "hidden_codes": ("core.hidden", "codes"),
    "commit": ("core.hidden_cell", "commit"),
    "commit_fold": ("core.hidden_cell", "commit_fold"),
    "commit_code": ("core.hidden_cell", "commit_code"),
    "candidate": ("core.hidden_cell", "candidate"),
    "state": ("core.hidden_cell", "state"),
    "step_done": ("core.sequencer", "step_done"),
    "integrate_readout": ("core.sequencer", "integrate_readout"),
    "readout_wl_pos": ("core.readout", "wl_pos"),
    "readout_wl_neg": ("core.readout", "wl_neg"),
    "readout_codes": ("core.readout", "codes"),
    "push": ("core.answer", "push"),
    "scores": ("core.answer", "scores"),
    "decision": ("core.answer", "decision"),
    "tag": ("core.answer", "tag"),
    "dropped": ("core.buffer", "dropped"),
}

MIRU_PROBES = ("issue", "hidden_codes", "commit", "commit_fold", "commit_code", "candidate", "state")
"""Those of them that a design with bistable cells lacks."""
BISTABLE_PROBES = {
    "current": ("core.hidden_cell", "current"),
    "cell_state": ("core.hidden_cell", "state"),
}
"""What the monitor of bistable cells watches instead."""

LEARNING_PROBES = {
    "engine_reset": ("core.learner", "rst"),
    "update": ("core.learner", "update"),
    "skipped": ("core.learner", "skipped"),
    "column": ("core.learner", "column"),
    "fold_index": ("core.learner", "fold_index"),
    "gradients": ("core.learner", "gradients"),
    "feedback": ("core.learner", "feedback"),
    "error": ("core.learner", "error"),
    "applied": ("core.learner", "applied"),
    "pulses_dropped": ("core.learner", "dropped"),
    "ended": ("core.learner", "done"),
    "learned": ("core.learner", "learned"),
    "label": ("core.learner", "label"),
}
"""What the monitor of learning watches, in a design that learns; it makes the checksum of rule T1."""
ACCUMULATING = {"accumulators": ("core.learner", "accumulators")}
"""And where gradients gather in accumulators."""
REPLAY_PROBES = {
    "replaying": ("core.sequencer", "replaying"),
    "slot": ("core.reservoir", "slot"),
    "presented": ("core.reservoir", "presented"),
    "offered": ("core.reservoir", "offered"),
    "kept": ("core.reservoir", "kept"),
    "store_step": ("core.reservoir", "store_step"),
    "step_address": ("core.reservoir", "step_address"),
    "step_word": ("core.reservoir", "step_word"),
    "store_head": ("core.reservoir", "store_head"),
    "head_address": ("core.reservoir", "head_address"),
    "head_word": ("core.reservoir", "head_word"),
}
"""What the monitor of the reservoir watches, and the first two that of learning, in a design that replays; they make
slots and checksum of rules T2 and T3."""
CONCLUDED = {"push": ("core.sequencer", "concluded")}
"""There, a sequence that only learns is read out but not pushed to the answer."""


def crossbar_probes(capabilities: Capabilities) -> dict[str, tuple[str, str]]:
    """The probes of a design point, by the monitor's port."""
    if capabilities.bistable:
        return {name: where for name, where in PROBES.items() if name not in MIRU_PROBES} | BISTABLE_PROBES
    probes = dict(PROBES)
    if capabilities.learns:
        probes |= CONCLUDED | LEARNING_PROBES
    if capabilities.accumulates:
        probes |= ACCUMULATING
    if capabilities.replays:
        probes |= REPLAY_PROBES
    return probes

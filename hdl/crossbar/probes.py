"""Probes: what the trace monitor watches inside the top level, by instance path and port."""

from __future__ import annotations

from collections.abc import Mapping

from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, layer_layout

PROBES = {
    # Monitor's port: (instance path, port)
    "reset": ("core.sequencer.contexts", "rst"),
    "step": ("core.sequencer", "at_hand__step"),
    "context_index": ("core.sequencer", "at_hand__context_index"),
    "taken": ("core.sequencer", "sequences__arrived__take"),
    "taken_context": ("core.sequencer", "taken_context"),
    "plane": ("core.hidden", "plane"),
    "wl_pos": ("core.hidden", "wl_pos"),
    "wl_neg": ("core.hidden", "wl_neg"),
    "integrate_hidden": ("core.sequencer", "hidden__integrate"),
    "issue": ("core.sequencer", "cell__issue"),
    "issue_fold": ("core.sequencer", "cell__fold"),
    "commit": ("core.hidden_cell", "commit__valid"),
    "commit_fold": ("core.hidden_cell", "commit__fold"),
    "commit_code": ("core.hidden_cell", "commit__code"),
    "candidate": ("core.hidden_cell", "candidate"),
    "state": ("core.hidden_cell", "state"),
    "step_done": ("core.sequencer", "step_done__valid"),
    "done_context": ("core.sequencer", "step_done__context_index"),
    "sample_hidden": ("core.sequencer", "hidden__sample"),
    "integrate_readout": ("core.sequencer", "readout__integrate"),
    "sample_readout": ("core.sequencer", "readout__sample"),
    "readout_wl_pos": ("core.readout", "wl_pos"),
    "readout_wl_neg": ("core.readout", "wl_neg"),
    "readout_plane": ("core.readout", "plane"),
    "concluded": ("core.sequencer", "concluded"),
    "concluded_context": ("core.sequencer", "context_index"),
    "scores": ("core.classifier", "scores"),
    "decision": ("core.classifier", "decision"),
    "tag": ("core.sequencer", "sequences__header__tag"),
    "dropped": ("core.buffer", "dropped"),
}

CURRENT = "current"
"""Bus of what the macros hand on to bistable cells; a macro that is larger than its tile has more than is used."""

BY_TILE = {
    # Monitor's port: (instance path, port) of each tile, whose number takes the place of the braces; low bits first.
    "hidden_codes": ("core.hidden.adc_{}", "codes"),
    "readout_codes": ("core.readout.adc_{}", "codes"),
    CURRENT: ("core.hidden.hidden_tile_{}", "current"),
}
"""Buses that are together only in the monitor: codes by row tile, currents by tile. A probe is called after the bus and
the tile, such as ``hidden_codes_0``."""

MIRU_PROBES = ("issue", "issue_fold", "commit", "commit_fold", "commit_code", "candidate", "state")
"""Those of them that a design with bistable cells lacks."""
BISTABLE_PROBES = {"cell_state": ("core.hidden", "columns__state")}
"""What the monitor of bistable cells watches instead."""

EVERY_STEP_PROBES = {
    "deciding": ("core.sequencer", "decision__start"),
    "read_out": ("core.sequencer", "read_out"),
}
"""What the monitor of readouts and the keys of samples watch besides, in a design with a readout at every step."""

LEARNING_PROBES = {
    "engine_reset": ("core.learning.learner", "rst"),
    "begun": ("core.learning.learner", "begun"),
    "begun_column": ("core.learning.learner", "begun_column"),
    "feedback": ("core.learning.learner", "feedback"),
    "captured": ("core.learning.learner", "captured"),
    "captured_column": ("core.learning.learner", "captured_column"),
    "captured_fold": ("core.learning.learner", "captured_fold"),
    "captured_learns": ("core.learning.learner", "captured_learns"),
    "gradients": ("core.learning.learner", "gradients"),
    "error": ("core.learning.learner", "error"),
    "applied": ("core.learning.learner", "applied"),
    "pulses_dropped": ("core.learning.learner", "dropped"),
    "ended": ("core.learning.learner", "done"),
    "learned": ("core.learning.learner", "learned"),
    "label": ("core.learning.learner", "label"),
}
"""What the monitor of learning watches, in a design that learns; it makes the checksum of rule T1."""
ACCUMULATING = {
    name: ("core.learning.learner", name)
    for name in ("updated", "updated_column", "updated_fold", "updated_lane", "accumulators")
}
"""And where gradients gather in accumulators."""
REPLAY_PROBES = {
    "restarted": ("core.sequencer", "restarted"),
    "replaying": ("core.sequencer", "learning__replaying"),
    "slot": ("core.learning.reservoir", "slot"),
    "presented": ("core.learning.reservoir", "presented"),
    "inserted": ("core.learning.reservoir", "inserted"),
    "accepted": ("core.learning.reservoir", "accepted"),
    "store_step": ("core.learning.reservoir", "store_step"),
    "step_address": ("core.learning.reservoir", "step_address"),
    "step_word": ("core.learning.reservoir", "step_word"),
    "store_head": ("core.learning.reservoir", "store_head"),
    "head_address": ("core.learning.reservoir", "head_address"),
    "head_word": ("core.learning.reservoir", "head_word"),
}
"""What the monitor of the reservoir watches, and the first two that of learning, in a design that replays; they make
slots and checksum of rules T2 and T3."""


def crossbar_probes(design: DesignPoint) -> dict[str, tuple[str, str]]:
    """The probes of a design point, by the monitor's port; of a bus of `BY_TILE` one a tile."""
    capabilities = design.capabilities
    hidden, readout = (layer_layout(design, layer) for layer in Layer)
    always = PROBES | (EVERY_STEP_PROBES if capabilities.reads_every_step else {})
    if capabilities.bistable:
        probes = {name: where for name, where in always.items() if name not in MIRU_PROBES} | BISTABLE_PROBES
        return probes | _by_tile(CURRENT, len(hidden.tiles)) | _by_tile("readout_codes", readout.row_tiles)
    probes = always | _by_tile("hidden_codes", hidden.row_tiles) | _by_tile("readout_codes", readout.row_tiles)
    if capabilities.learns:
        probes |= LEARNING_PROBES
    if capabilities.accumulates:
        probes |= ACCUMULATING
    if capabilities.replays:
        probes |= REPLAY_PROBES
    return probes


def of_tiles(bus: str, probes: Mapping[str, Mapping]) -> list[Mapping]:
    """The probes of a bus of `BY_TILE` among those of a sidecar, first tile first; none where the design lacks it."""
    found: list[Mapping] = []
    while (probe := probes.get(f"{bus}_{len(found)}")) is not None:
        found.append(probe)
    return found


def _by_tile(bus: str, tiles: int) -> dict[str, tuple[str, str]]:
    pattern, port = BY_TILE[bus]
    return {f"{bus}_{tile}": (pattern.format(tile), port) for tile in range(tiles)}

"""What the crossbar accelerator gives to an FPGA: the digital crossbar with its content, and cycles a sequence."""

from __future__ import annotations

from remora.flow.generate.bodies import Bodies
from remora.flow.generate.parts import MACROS
from remora.flow.systems.crossbar.fpga.shape import tile_shape, words_texts
from remora.golden.crossbar.weights import Weights, initial_weights
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import all_tiles

PARTS = ("remora_crossbar", "remora_row_charges", "remora_column_code")
"""Modules of the digital crossbar."""
ATTEMPTS = 2
"""Hashes that drawing a slot takes on average at most: fewer than half of the indices are rejected."""


def crossbar_bodies(design: DesignPoint, weights: Weights | None) -> Bodies:
    """Bodies of the macros of a design point; the devices hold ``weights``, or the initial ones of the design's seed.

    Raises:
        RemoraError: a tile cannot be made of ordinary logic.
    """
    shapes = {tile.name: tile_shape(design, tile) for tile in all_tiles(design)}
    words = words_texts(design, weights or initial_weights(design))
    files = (*(MACROS / "fpga" / f"{name}.sv" for name in PARTS), MACROS / "remora_memory.sv")
    return Bodies(files, words, sequence_cycles(design), {name: vars(shape) for name, shape in shapes.items()})


def sequence_cycles(design: DesignPoint) -> dict[str, int]:
    """Cycles of the longest sequence by what becomes of it: ``inferred``; of a design that learns ``learnt``, and of
    one that replays ``learnt_and_replayed``, with as many replays as the design point says and the insertion.

    A sequence is counted alone, with the pulses that delay its update most.
    """
    cycles, steps = design.cycles, design.network.max_steps
    counted = {"inferred": cycles.sequence(steps)}
    if design.capabilities.learns:
        counted["learnt"] = counted["inferred"] + cycles.most_update(steps)
    if design.capabilities.replays:
        replays = design.learning.replay_ratio * cycles.most_replay(steps, ATTEMPTS)
        counted["learnt_and_replayed"] = counted["learnt"] + replays + cycles.insert_accepted(steps)
    return counted

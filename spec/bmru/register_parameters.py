"""The register map of a BMRU accelerator's controller: its SystemRDL, and what the design point sets in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from remora.spec.bmru.scan import chain_bits
from remora.spec.lib.registers import RegisterSource

if TYPE_CHECKING:
    from remora.spec.bmru.design import BmruDesign

RDL_FILE = Path(__file__).with_name("registers.rdl")


def register_source(design: BmruDesign) -> RegisterSource:
    """SystemRDL of a design point's register map."""
    return RegisterSource(RDL_FILE, "remora_bmru", _parameters(design))


def _parameters(design: BmruDesign) -> dict[str, int]:
    network, vote = design.network, design.vote
    return {
        "design_features": network.features,
        "design_width": network.width,
        "design_blocks": network.blocks,
        "design_classes": network.classes,
        "design_feature_bits": design.formats.feature_bits,
        "design_awake_cycles": design.cycles.awake,
        "design_chain_bits": chain_bits(design),
        "design_frame_cycles": design.cycles.frame,
        "design_vote_frames": vote.frames,
        "design_sliding": int(vote.sliding),
        "design_wake_class": vote.wake_class,
        "design_last_class": max(1, network.classes - 1),
        "design_wake_votes": design.vote.wake_votes,
    }

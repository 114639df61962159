"""What a run of frames through a BMRU accelerator shows of the plan."""

from __future__ import annotations

import numpy as np

from remora.flow.systems.bmru.run import BmruCase
from remora.flow.verify.run import Found
from remora.spec.bmru.counters import BmruCounter
from remora.spec.bmru.frames import FrameDrop
from remora.spec.bmru.records import FRAME
from remora.tb.lib.coverage import cover

ENDED = {"CLIPS": "done", "CLIPS_CUT": "cut", "WAKE_UPS": "wakes"}
"""By counter what became of a clip."""


def sample_frames(case: BmruCase, found: Found) -> None:
    """Sample a run in which everything agreed."""
    design, stimulus, counters, stalled = case.design, case.stimulus, found.counters, found.stalled
    settings = stimulus.settings
    for drop in FrameDrop:
        if counters[BmruCounter[f"DROPPED_{drop.name}"]]:
            cover("bmru_frames", cause=drop, stall=stalled)
    if counters[BmruCounter.FEATURES_SATURATED]:
        cover("bmru_frames", feature="saturates", stall=stalled)
    for counter, name in ENDED.items():
        if counters[BmruCounter[counter]]:
            cover("bmru_votes", clip=name, window="sliding" if settings.sliding else "fixed")
    for name in ("votes", "frames"):
        if getattr(settings, f"report_{name}"):
            cover("bmru_votes", reports=name, stall=stalled)
    awake, period = design.cycles.awake, stimulus.period
    pace = "none" if not period else "tight" if period <= awake else "relaxed"
    cover("bmru_frames", pace=pace, held=counters[BmruCounter.FRAMES_HELD] > 0)
    for name in ("mismatch", "bias_error", "noise"):
        if getattr(design.nonidealities, name):
            cover("bmru_core", error=name)
    _cells(found)


def _cells(found: Found) -> None:
    """How the cells of each block move from frame to frame, and the signs of their currents."""
    records = found.records[FRAME]
    if len(records) < 2:
        return
    states = records["state"].astype(bool)
    before, after = states[:-1], states[1:]
    for block in range(states.shape[1]):
        for moved, name in (
            (~before & after, "set"), (before & ~after, "reset"), (before & after, "held"), (~before & ~after, "stays"),
        ):  # fmt: skip
            if moved[:, block].any():
                cover("bmru_core", cell=name, block=block)
    for sign in np.unique(np.sign(records["candidate"])).tolist():
        cover("bmru_core", candidate=("zero", "positive", "negative")[sign])
    for decision in set(records["decision"].tolist()):
        cover("bmru_core", decided=decision)

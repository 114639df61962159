"""Golden's side of a run of the BMRU design: from packets to frame records, answers and counters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from remora.flow.systems.bmru.pace import Arrival, arrivals
from remora.golden.bmru.clips import FramePacket, Intake, VoteModel, VoteSettings, clips_of
from remora.golden.bmru.codes import BmruCodes
from remora.golden.bmru.core import BmruCore, CoreRun
from remora.spec.bmru.counters import BmruCounter
from remora.spec.bmru.design import BmruDesign
from remora.spec.bmru.frames import FrameDrop
from remora.spec.bmru.records import FRAME
from remora.spec.lib.packets import Answer
from remora.spec.lib.trace import record_types


@dataclass(frozen=True)
class BmruReference:
    """What the hardware must do.

    Attributes:
        records: of every frame, in order. ``arrivals``: what decides when each may start.
        answers: in the order of the stream.
        counters: those that golden can predict.
    """

    records: NDArray
    arrivals: tuple[Arrival, ...]
    answers: tuple[Answer, ...]
    counters: dict[BmruCounter, int]


def run_reference(
    design: BmruDesign, codes: BmruCodes, packets: Sequence[FramePacket], settings: VoteSettings
) -> BmruReference:
    """Packets through the controller and the core, from a reset on; the settings do not change."""
    intake, model = Intake(design), VoteModel(design)
    kept = [intake.take(packet, settings) for packet in packets]
    frames = [frame for frame in kept if frame is not None]
    records = _records(design, BmruCore(design, codes), clips_of(frames))
    decisions = records["decision"].tolist()
    answered = [model.take(frame, decision) for frame, decision in zip(frames, decisions, strict=True)]
    answers = [answer for several in answered for answer in several]
    counters = {
        BmruCounter.FRAMES: len(frames),
        BmruCounter.CLIPS: model.ended,
        BmruCounter.CLIPS_CUT: intake.cut,
        BmruCounter.WAKE_UPS: model.wakes,
        BmruCounter.AWAKE_CYCLES: len(frames) * design.cycles.awake,
        BmruCounter.FEATURES_SATURATED: intake.saturated,
        BmruCounter.CHARGE: int(records["charge"][-1]) if len(frames) else 0,
        **{BmruCounter[f"DROPPED_{drop.name}"]: intake.dropped[drop] for drop in FrameDrop},
    }
    return BmruReference(records, tuple(arrivals(packets, kept, answered)), tuple(answers), counters)


def _records(design: BmruDesign, core: BmruCore, clips: list[NDArray[np.int32]]) -> NDArray:
    """Clips of equal length that follow each other go through golden at once."""
    parts, number, charge = [], 0, 0
    for length, group in groupby(clips, len):
        features = np.stack(list(group))
        run: CoreRun = core.run(features, number + length * np.arange(len(features)))
        parts.append(run.records(design, charge))
        number, charge = number + features.shape[0] * length, int(parts[-1]["charge"][-1])
    return np.concatenate(parts) if parts else np.zeros(0, record_types(design)[FRAME])

"""The third reading of a stimulus, as records that a comparison understands."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from remora.flow.systems.bmru.reading.clips import Detector, Settings
from remora.flow.systems.bmru.stimulus import BmruStimulus
from remora.flow.verify.records import ANSWER, answer_records
from remora.spec.bmru.design import BmruDesign
from remora.spec.bmru.frames import FrameDrop, ReportFlag
from remora.spec.bmru.records import FRAME
from remora.spec.lib.packets import Answer
from remora.spec.lib.trace import record_types

COUNTED = (
    "frames", "clips", "clips_cut", "wake_ups", "features_saturated",
    *(f"dropped_{drop.name.lower()}" for drop in FrameDrop),
)  # fmt: skip
"""Counters that the third reading tells."""


@dataclass(frozen=True)
class Third:
    """What the third reading says of a run: records by kind, of ``answer`` too, and counters by name."""

    records: dict[str, NDArray]
    counters: dict[str, int]


def third_reading(design: BmruDesign, stimulus: BmruStimulus) -> Third:
    """Read the stimulus a third time."""
    given = stimulus.settings
    settings = Settings(
        given.frames, given.sliding, given.wake_class, given.threshold, given.report_frames, given.report_votes
    )
    codes = {name: array.tolist() for name, array in stimulus.codes.arrays.items()}
    detector = Detector(design.model_dump(mode="json"), codes, settings)
    for packet in stimulus.packets:
        detector.packet(packet.data, packet.keep)
    frames = np.zeros(len(detector.frames), record_types(design)[FRAME])
    for record, frame in zip(frames, detector.frames, strict=True):
        for name, value in vars(frame).items():
            record[name] = value
    answers = [Answer(each.tag, each.decision, ReportFlag(each.flags), each.scores) for each in detector.answers]
    records = {FRAME: frames, ANSWER: answer_records(design.network.classes, answers)}
    return Third(records, {name: detector.counts[name] for name in COUNTED})

"""What the BMRU accelerator gives to a run: packets, and golden's side of every frame, answer and counter."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from remora.flow.systems.bmru.pace import first_start, starts
from remora.flow.systems.bmru.reference import BmruReference, run_reference
from remora.flow.systems.bmru.stimulus import BmruStimulus
from remora.flow.verify.player import PACKETS, Played, write_packets
from remora.flow.verify.records import ANSWER, COUNTERS, INTERRUPTS, Check, answer_records, by_name, check_values
from remora.flow.verify.run import TIMEOUT_FACTOR, Found, RunCase, Stretch
from remora.golden.bmru.clips import FramePacket, VoteSettings
from remora.golden.bmru.wake_ups import rises
from remora.spec.bmru.counters import BmruCounter
from remora.spec.bmru.design import BmruDesign
from remora.spec.bmru.frames import RUN_EVENTS, FrameDrop, ReportFlag
from remora.spec.bmru.records import FRAME
from remora.spec.bmru.scan import pack_chain
from remora.spec.lib.files import replacing, write_text
from remora.spec.lib.packets import Answer

REFUSAL, CODES, PACE, WAKE = "refusal", "codes", "pace", "wake"
"""Kinds of records: how a load with a wrong check word was refused, the codes read back at the end, the cycles from
each frame to the next, and where votes slide when the wake-up rises, as `remora.golden.bmru.wake_ups.rises` has it."""
KINDS = (FRAME, ANSWER, COUNTERS, INTERRUPTS, CODES, REFUSAL)
"""What every run must compare; and ``PACE`` where frames are paced, ``WAKE`` where the streams are known."""
REFUSED = {"written_wrong": 1, "chain_wrong": 0, "latches_wrong": 0, "programmed": 0}
"""What a load with a wrong check word must leave in SCAN_STATUS and STATUS."""


class BmruCase(RunCase):
    """Packets through the BMRU core and its controller.

    Compared are frames, answers, counters, interrupts, the refusal of a load with a wrong check word, the codes read
    back at the end, and where no stream stalls the cycles from frame to frame.

    Args:
        streams: how many streams of equal length the frames are, where votes slide and the wake-ups of each are
            compared as well; None elsewhere.
    """

    MODULE, PROGRESS = "remora.tb.bmru.run_frames", FRAME

    def __init__(self, design: BmruDesign, stimulus: BmruStimulus, streams: int | None = None) -> None:
        super().__init__()
        self.design: BmruDesign = design
        self.streams = streams
        self.stimulus, self.classes = stimulus, design.network.classes
        began = perf_counter()
        self.reference: BmruReference = run_reference(design, stimulus.codes, stimulus.packets, stimulus.settings)
        self.seconds["golden"] = perf_counter() - began

    def prepare(self, directory: Path) -> dict[str, Any]:
        """See the base; writes ``codes.npz``, and the packets for the agent and for the player."""
        stimulus = self.stimulus
        with replacing(directory / "codes.npz") as partial:
            np.savez(partial, allow_pickle=False, **stimulus.codes.arrays)
        _write_packets(directory, stimulus.packets)
        return {
            "codes": str(directory / "codes.npz"),
            "packets": str(directory / "packets.json"),
            "settings": asdict(stimulus.settings),
            "period": stimulus.period,
            "answers": len(self.reference.answers),
            "settled": len(stimulus.packets),
        }

    def timeout_cycles(self, stall: float) -> int:
        """See the base."""
        return timeout_cycles(self.design, self.stimulus, stall)

    def stretches(self, directory: Path) -> Iterator[Stretch]:
        """See the base; one stretch, the whole run."""
        # After the frames, so that the first divergence is the one that caused the others.
        answers = answer_records(self.classes, self.reference.answers)
        yield Stretch({FRAME: self.reference.records, ANSWER: answers}, last=True)

    def checks(self, found: Found) -> Iterator[Check]:
        """See the base."""
        reference, report = self.reference, found.report
        cycles = self.design.cycles.awake if reference.counters[BmruCounter.FRAMES] else 0
        awake = {f"awake_{name}": value for name, value in report["awake"].items()}
        # The frames held are compared with the pace.
        predicted = by_name(reference.counters) | {"awake_last": cycles, "awake_most": cycles}
        yield check_values(COUNTERS, predicted, by_name(found.counters) | awake)
        yield check_values(INTERRUPTS, self._interrupts(), report["interrupts"])
        yield check_values(REFUSAL, REFUSED, report["refused"])
        codes = pack_chain(self.stimulus.codes.chain())
        yield Check(CODES, _bytes(codes), _bytes(bytes.fromhex(report["codes"])))
        if not found.stalled:
            yield self._pace(found)
        if self.streams is not None:
            yield wakes(self.stimulus.settings, self.keyword_frames(self.streams), found.answers)

    def required(self, stalled: bool) -> tuple[str, ...]:
        """See the base."""
        paced, sliding = self.stimulus.period and not stalled, self.streams is not None
        return (*KINDS, *([PACE] if paced else []), *([WAKE] if sliding else []))

    def keyword_frames(self, streams: int) -> NDArray[np.bool_]:
        """Which frames golden decides for the class that wakes, (streams, frames)."""
        return (self.reference.records["decision"] == self.stimulus.settings.wake_class).reshape(streams, -1)

    def _pace(self, found: Found) -> Check:
        """Cycles from each frame to the next, each with the number of frames that answers held in the whole run.

        The first frame starts when it has come over the stream, which is the host's affair.
        """
        design, arrivals = self.design, self.reference.arrivals
        sampled, held = found.records[FRAME]["cycle"].astype(np.int64), found.counters[BmruCounter.FRAMES_HELD]
        if len(sampled) != len(arrivals) or not len(sampled):
            return Check(PACE, _paces([], 0), _paces([], 0))  # the comparison of the frames tells
        started, started_held = starts(
            design, arrivals, self.stimulus.period, found.report["run_cycle"], first_start(design, sampled.tolist())
        )
        return Check(PACE, _paces(np.diff(started), started_held), _paces(np.diff(sampled), held))

    def _interrupts(self) -> dict[str, int]:
        """The sticky events and the pin, after the run and after clearing them."""
        counters = self.reference.counters
        counted = {
            "clip_done": counters[BmruCounter.CLIPS],
            "wake": counters[BmruCounter.WAKE_UPS],
            "scan_done": 1,
            "scan_failed": 1,
            "clip_cut": counters[BmruCounter.CLIPS_CUT],
            "feature_saturated": counters[BmruCounter.FEATURES_SATURATED],
            **{f"dropped_{drop.name.lower()}": counters[BmruCounter[f"DROPPED_{drop.name}"]] for drop in FrameDrop},
        }
        wanted = {name: int(value > 0) for name, value in counted.items()}
        return wanted | {"pin": int(any(wanted[name] for name in RUN_EVENTS)), "events_left": 0, "pin_left": 0}


def wakes(settings: VoteSettings, votes: NDArray[np.bool_], answers: Sequence[Answer]) -> Check:
    """The hardware's wake-ups, frame by frame, beside where the sliding window's counting sees them rise.

    Args:
        votes: (streams, frames), of `BmruCase.keyword_frames`.
        answers: of the hardware, one a frame.
    """
    dtype = [("rises", "<i8")]
    expected = rises(votes, settings.frames).reshape(-1).astype(np.int64).astype(dtype)
    actual = np.array([bool(int(answer.flags) & ReportFlag.WAKE) for answer in answers], np.int64).astype(dtype)
    return Check(WAKE, expected, actual)


def timeout_cycles(design: BmruDesign, stimulus: BmruStimulus, stall: float) -> int:
    """Cycles within which the next answer must come, generously: all packets, which are few where answers are rare."""
    longest = max(len(packet.data) for packet in stimulus.packets)
    frame = max(stimulus.period, design.cycles.awake + longest) + 8 * (design.cycles.answer + 2)
    return TIMEOUT_FACTOR * min(len(stimulus.packets), 4 * design.vote.frames) * round(frame / (1 - stall))


def _write_packets(directory: Path, packets: Sequence[FramePacket]) -> None:
    """For the player as beats, for the agent as JSON."""
    listed = [[packet.data.hex(), None if packet.keep is None else list(packet.keep)] for packet in packets]
    write_text(directory / "packets.json", json.dumps(listed))
    write_packets(directory / PACKETS, (Played(packet.data, packet.keep) for packet in packets))


def _bytes(data: bytes) -> NDArray:
    return np.frombuffer(data, np.uint8).astype([("byte", "<i2")])


def _paces(cycles: NDArray[np.int64] | list[int], held: int) -> NDArray:
    return np.array([(each, held) for each in cycles], [("cycles", "<i8"), ("frames_held", "<i8")])

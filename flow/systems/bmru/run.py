"""One run of the simulated analog design on packets, and its comparison with golden at every frame."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from remora.flow.systems.bmru.pace import first_start, starts
from remora.flow.systems.bmru.reference import AnalogReference, run_reference
from remora.flow.systems.bmru.stimulus import AnalogStimulus
from remora.flow.systems.crossbar.run import PATIENCE, TraceWatcher
from remora.flow.tools.simulator import Build, default_seed, run
from remora.golden.bmru.clips import FramePacket
from remora.spec.bmru.counters import AnalogCounter
from remora.spec.bmru.design import AnalogDesign
from remora.spec.bmru.frames import RUN_EVENTS, FrameDrop
from remora.spec.bmru.records import FRAME
from remora.spec.bmru.scan import pack_chain
from remora.spec.lib.files import replacing, write_bytes, write_text
from remora.spec.lib.packets import BEAT_BYTES, Answer
from remora.spec.lib.trace import read_trace, record_types, write_header
from remora.tb.lib.scoreboard import Comparison, compare

KINDS = (FRAME, "answer", "counters", "interrupts", "codes", "refusal")
"""What every run compares."""
PACE = "pace"
"""Compared too where no stream stalls: the cycles from each frame to the next."""


REFUSAL = {"written_wrong": 1, "chain_wrong": 0, "latches_wrong": 0, "programmed": 0}
"""What a load with a wrong check word must leave in SCAN_STATUS and STATUS."""


@dataclass
class AnalogRtlRun:
    """What a run gave.

    Attributes:
        comparison: with golden, of every frame, answer, counter, event, of how a load with a wrong check word was
            refused, of the codes read back at the end, and where no stream stalls of the cycles from frame to frame.
        answers: of the hardware. ``reference``: golden's side.
        counters: growth of the hardware's counters. ``awake``: most cycles awake for a frame.
        seconds: wall-clock time by part of the run.
    """

    comparison: Comparison
    answers: list[Answer]
    reference: AnalogReference
    counters: dict[AnalogCounter, int]
    awake: int
    seconds: dict[str, float]


def run_analog(
    build: Build,
    design: AnalogDesign,
    stimulus: AnalogStimulus,
    directory: Path,
    *,
    seed: int | None = None,
    stall: float = 0.0,
    waves: Path | None = None,
    progress: Callable[[int], None] | None = None,
    plusargs: Sequence[str] = (),
) -> AnalogRtlRun:
    """Run packets through the hardware and compare every record with golden.

    Args:
        build: of ``remora.flow.systems.bmru.harness.build_analog_harness``.
        directory: where inputs, trace and log go.
        seed: of stalls and of what power-up leaves; COCOTB_RANDOM_SEED or 1 where None.
        stall: probability that either stream pauses in a cycle.
        progress: called now and then with the number of frames done since its last call.
        plusargs: further arguments for the design.

    Raises:
        SimulationFailed: the host found something wrong: codes that did not arrive, no answer in time, one too many.
        SimulatorError: the simulation itself failed.
    """
    seed = default_seed() if seed is None else seed
    directory.mkdir(parents=True, exist_ok=True)
    # What an earlier run left here must never be taken for this one's.
    for name in ("answers.json", *(f"{kind}.bin" for kind in record_types(design))):
        (directory / name).unlink(missing_ok=True)
    began = perf_counter()
    reference = run_reference(design, stimulus.codes, stimulus.packets, stimulus.settings)
    golden_seconds = perf_counter() - began
    with replacing(directory / "codes.npz") as partial:
        np.savez(partial, **stimulus.codes.arrays)
    _write_packets(directory, stimulus.packets)
    write_header(directory, design)
    config = {
        "design": design.model_dump(mode="json"),
        "codes": str(directory / "codes.npz"),
        "packets": str(directory / "packets.json"),
        "output": str(directory / "answers.json"),
        "settings": asdict(stimulus.settings),
        "period": stimulus.period,
        "stall": stall,
        "seed": seed,
        "answers": len(reference.answers),
        "settled": len(stimulus.packets),
        "patience_cycles": patience_cycles(design, stimulus, stall),
    }
    arguments = [*plusargs, f"+remora_trace={directory}"]
    if not stall:
        arguments.append(f"+remora_packets={directory / 'packets.bin'}")
    with TraceWatcher(directory / f"{FRAME}.bin", record_types(design)[FRAME].itemsize, progress):
        # Long runs may take their time; one that hangs is ended by the host's patience, in cycles.
        run(
            build, "remora.tb.bmru.run_frames", config=config, seed=seed, run_dir=directory, waves=waves,
            plusargs=arguments,
            timeout=None,
        )  # fmt: skip
    result = json.loads((directory / "answers.json").read_text(encoding="utf-8"))
    return _judge(design, stimulus, reference, directory, result, stall > 0, golden_seconds)


def patience_cycles(design: AnalogDesign, stimulus: AnalogStimulus, stall: float) -> int:
    """Cycles within which the next answer must come, generously: all packets, which are few where answers are rare."""
    longest = max(len(packet.data) for packet in stimulus.packets)
    frame = max(stimulus.period, design.cycles.awake + longest) + 8 * (design.cycles.answer + 2)
    return PATIENCE * min(len(stimulus.packets), 4 * design.vote.frames) * round(frame / (1 - stall))


def _write_packets(directory: Path, packets: Sequence[FramePacket]) -> None:
    """For the player as beats, for the agent as JSON."""
    listed = [[packet.data.hex(), None if packet.keep is None else list(packet.keep)] for packet in packets]
    write_text(directory / "packets.json", json.dumps(listed))
    parts = []
    for packet in packets:
        beats = -(-len(packet.data) // BEAT_BYTES)
        words = np.zeros((beats, 2), "<u4")
        words[:, 0] = np.frombuffer(packet.data.ljust(BEAT_BYTES * beats, b"\0"), "<u4")
        keep = np.zeros(BEAT_BYTES * beats, np.uint32)
        keep[: len(packet.data)] = 1 if packet.keep is None else packet.keep
        words[:, 1] = (keep.reshape(beats, BEAT_BYTES) << np.arange(BEAT_BYTES, dtype=np.uint32)).sum(axis=1)
        words[-1, 1] |= 1 << BEAT_BYTES
        parts.append(words.tobytes())
    write_bytes(directory / "packets.bin", b"".join(parts))


def _judge(
    design: AnalogDesign,
    stimulus: AnalogStimulus,
    reference: AnalogReference,
    directory: Path,
    result: dict,
    stalled: bool,
    golden_seconds: float,
) -> AnalogRtlRun:
    began = perf_counter()
    answers = [Answer(tag, decision, flags, tuple(scores)) for tag, decision, flags, *scores in result["answers"]]
    counters = {counter: result["counters"][counter.name] for counter in AnalogCounter}
    frames = read_trace(directory, design)[FRAME]
    comparison = compare({FRAME: reference.records}, {FRAME: frames})
    # After the frames, so that the first divergence is the one that caused the others.
    pairs = (
        ("answer", _answer_records(design, reference.answers), _answer_records(design, answers)),
        ("counters", *_counter_records(design, reference, counters, result["awake"])),
        ("interrupts", *_interrupt_records(reference, result["interrupts"])),
        ("refusal", _records(REFUSAL), _records({name: result["refused"][name] for name in REFUSAL})),
        ("codes", _bytes(pack_chain(stimulus.codes.chain())), _bytes(bytes.fromhex(result["codes"]))),
    )
    if not stalled:
        sampled, held = frames["cycle"].astype(np.int64), counters[AnalogCounter.FRAMES_HELD]
        pairs += ((PACE, *_pace_records(design, stimulus, reference, sampled, result["run_cycle"], held)),)
    for kind, expected, actual in pairs:
        comparison.merge(compare({kind: expected}, {kind: actual}))
    seconds = result["seconds"] | {"golden": golden_seconds, "compare": perf_counter() - began}
    return AnalogRtlRun(comparison, answers, reference, counters, result["awake"]["most"], seconds)


def _bytes(data: bytes) -> NDArray:
    return np.frombuffer(data, np.uint8).astype([("byte", "<i2")])


def _answer_records(design: AnalogDesign, answers: Sequence[Answer]) -> NDArray:
    dtype = [("tag", "<i8"), ("flags", "<i8"), ("decision", "<i8"), ("scores", "<i8", (design.network.classes,))]
    rows = [(answer.tag, int(answer.flags), answer.decision, answer.scores) for answer in answers]
    return np.array(rows, dtype)


def _records(values: dict[str, int]) -> NDArray:
    return np.array([tuple(values.values())], [(name, "<i8") for name in values])


def _counter_records(
    design: AnalogDesign, reference: AnalogReference, counters: dict[AnalogCounter, int], awake: dict[str, int]
) -> tuple[NDArray, NDArray]:
    """What golden can predict of the counters; the frames held are compared with the pace."""
    predicted = {counter.name.lower(): value for counter, value in reference.counters.items()}
    found = {counter.name.lower(): counters[counter] for counter in reference.counters}
    cycles = design.cycles.awake if reference.counters[AnalogCounter.FRAMES] else 0
    predicted |= {"awake_last": cycles, "awake_most": cycles}
    found |= {f"awake_{name}": value for name, value in awake.items()}
    return _records(predicted), _records({name: found[name] for name in predicted})


def _pace_records(
    design: AnalogDesign,
    stimulus: AnalogStimulus,
    reference: AnalogReference,
    sampled: NDArray[np.int64],
    run_cycle: int,
    held: int,
) -> tuple[NDArray, NDArray]:
    """Cycles from each frame to the next, each with the number of frames that answers held in the whole run.

    The first frame starts when it has come over the stream, which is the host's affair.
    """
    dtype = [("cycles", "<i8"), ("frames_held", "<i8")]
    if len(sampled) != len(reference.arrivals) or not len(sampled):
        return np.zeros(0, dtype), np.zeros(0, dtype)  # the comparison of the frames tells
    began, expected_held = starts(design, reference.arrivals, stimulus.period, run_cycle, first_start(design, sampled))
    return _pairs(np.diff(began), expected_held, dtype), _pairs(np.diff(sampled), held, dtype)


def _pairs(cycles: NDArray[np.int64], held: int, dtype: list) -> NDArray:
    return np.array([(each, held) for each in cycles.tolist()], dtype)


def _interrupt_records(reference: AnalogReference, found: dict[str, int]) -> tuple[NDArray, NDArray]:
    """The sticky events and the pin, after the run and after clearing them."""
    counters = reference.counters
    wanted = {
        "clip_done": counters[AnalogCounter.CLIPS],
        "wake": counters[AnalogCounter.WAKE_UPS],
        "scan_done": 1,
        "scan_failed": 1,
        "clip_cut": counters[AnalogCounter.CLIPS_CUT],
        "feature_saturated": counters[AnalogCounter.FEATURES_SATURATED],
        **{f"dropped_{drop.name.lower()}": counters[AnalogCounter[f"DROPPED_{drop.name}"]] for drop in FrameDrop},
    }
    wanted = {name: int(value > 0) for name, value in wanted.items()}
    wanted |= {"pin": int(any(wanted[name] for name in RUN_EVENTS)), "events_left": 0, "pin_left": 0}
    return _records(wanted), _records({name: found[name] for name in wanted})

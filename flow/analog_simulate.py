"""Simulate an analog design: the generated hardware on clips of words, every frame compared with golden."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from flow.analog_harness import build_analog_harness
from flow.analog_run import KINDS, AnalogRtlRun, run_analog
from flow.analog_stimulus import AnalogStimulus
from flow.console import console, progress, table
from flow.generate import Generated, generate
from flow.keyword_evaluation import Spotter
from flow.keywords import load_clips, shipped_network
from flow.provenance import provenance
from flow.simulator import build_root
from golden import bmru, mfcc
from golden.analog_clips import VoteSettings
from golden.analog_codes import AnalogCodes, feature_codes
from golden.analog_random import clip_packets, random_codes, random_features
from golden.bmru_network import load_network
from spec.analog import AnalogDesign
from spec.errors import CheckFailed, RemoraError
from spec.frames import ReportFlag
from spec.packets import Answer
from spec.registers import AnalogCounter
from tb.scoreboard import Comparison, describe

if TYPE_CHECKING:
    from rich.table import Table

SYNTHETIC_FRAMES = 20


@dataclass(frozen=True)
class Recording:
    """What an analog design is simulated on.

    Attributes:
        features: (clips, frames, features) DAC codes.
        codes: of the core.
        labels: (clips,) class of each clip, None where nothing is known.
        float_decisions: (clips,) of the network in floating point, None where there is none.
        saturated: features beyond the DAC's codes.
        saturated_parameters: of the network beyond what codes can hold, by group of elements.
        origin: what it is, in words.
    """

    features: NDArray[np.int32]
    codes: AnalogCodes
    labels: NDArray[np.int64] | None
    float_decisions: NDArray[np.int64] | None
    saturated: int
    saturated_parameters: dict[str, int]
    origin: str


def synthetic_recording(design: AnalogDesign, clips: int, seed: int) -> Recording:
    """Random codes and wandering features, for any design point."""
    frames = min(SYNTHETIC_FRAMES, design.vote.frames)
    features = random_features(design, clips, frames, seed)
    return Recording(features, random_codes(design, seed), None, None, 0, {}, "random codes and features")


def keyword_recording(design: AnalogDesign, limit: int, checkpoint: Path | None) -> Recording:
    """Clips of the test split and a trained network: that of a file, else the one that ships.

    Raises:
        KeywordError, NetworkError, CodesError, DataError: there is no network, or it or the clips do not fit.
    """
    network = load_network(checkpoint) if checkpoint else shipped_network(design)
    test = load_clips().of("test")
    # Words lie together in the data set; a few clips should hold a little of each.
    chosen = np.sort(np.random.default_rng(0).permutation(len(test))[:limit])
    spotter = Spotter(design, network, test.where(chosen))
    decisions = bmru.vote(spotter.in_float.frame_classes, design.network.classes)
    codes, saturated = feature_codes(design, spotter.features)
    beyond = spotter.export.saturated
    return Recording(codes, spotter.codes, spotter.clips.y, decisions, saturated, beyond, spotter.clips.origin)


def takes_keywords(design: AnalogDesign) -> bool:
    """Whether the keyword spotter's clips fit a design point."""
    return (design.network.features, design.network.classes) == (mfcc.COEFFICIENTS, 2)


@dataclass(frozen=True)
class AnalogSimulated:
    """A simulation and its result as reported."""

    run: AnalogRtlRun
    result: dict

    def check(self) -> None:
        """Print the first divergence and raise ``CheckFailed`` unless something was compared and all of it agrees."""
        comparison = self.run.comparison
        missing = missing_kinds(comparison, self.result["paced"])
        if comparison.passed and not missing:
            return
        console().print(describe(comparison))
        if missing:
            raise CheckFailed(f"nothing was compared of {', '.join(missing)}, so nothing is proven")
        raise CheckFailed(f"hardware and golden differ in {comparison.total_mismatches:,} records")


def missing_kinds(comparison: Comparison, paced: bool = False) -> list[str]:
    """What a run must compare and did not."""
    return [kind for kind in (*KINDS, *(["pace"] if paced else [])) if not comparison.compared.get(kind)]


def generate_for(design: AnalogDesign, codes: AnalogCodes) -> Generated:
    """The generated directory of a design under the build root."""
    target = build_root() / "generated" / f"{design.name}-{design.hash}"
    target.parent.mkdir(parents=True, exist_ok=True)
    # Two simulations of one design at once must not read what the other has half written.
    with FileLock(target.with_suffix(".lock")):
        return generate(design, target, codes)


def simulate_analog(
    design: AnalogDesign,
    recording: Recording,
    *,
    seed: int = 1,
    stall: float = 0.0,
    paced: bool = False,
    waves: Path | None = None,
    keep: Path | None = None,
) -> AnalogSimulated:
    """Generate, build, load the codes through the scan window, run and compare.

    Args:
        stall: probability that either stream pauses in a cycle.
        paced: a frame every `AnalogDesign.frame_cycles`, as in the field, instead of back to back.
        waves: VCD file to record.
        keep: directory for inputs, trace and log; a temporary one, removed unless something differs, where None.

    Raises:
        RemoraError: ``paced`` and ``stall`` together, or clips longer than the design takes.
        SimulatorError: the build or the simulation itself failed.
    """
    if paced and stall:
        raise RemoraError(f"--paced with --stall {stall:g}: stalls move frames off their pace; leave one out")
    generated = generate_for(design, recording.codes)
    began = perf_counter()
    with console(stderr=True).status("building the simulation"):
        build = build_analog_harness(generated, waves=waves is not None)
    console().print(f"simulation built in {perf_counter() - began:.1f} s")
    # A vote at the end of every clip, whatever the design point is set to after reset.
    frames = recording.features.shape[1]
    if frames > design.vote.frames:
        raise RemoraError(
            f"the clips have {frames} frames, but vote.frames of '{design.name}' is {design.vote.frames}: "
            f"use at least {frames}"
        )
    settings = VoteSettings.of(design, sliding=False)
    period = design.frame_cycles if paced else 0
    stimulus = AnalogStimulus(tuple(clip_packets(recording.features)), recording.codes, settings, period)
    directory = keep or Path(mkdtemp(prefix=f"{design.name}-", dir=build_root()))
    with progress("simulating", len(stimulus.packets), "frames") as advance:
        run = run_analog(build, design, stimulus, directory, seed=seed, stall=stall, waves=waves, progress=advance)
    if not keep and run.comparison.passed:
        shutil.rmtree(directory)
    elif not run.comparison.passed:
        console().print(f"inputs, trace and log stay in {directory}")
    return AnalogSimulated(run, summarise(design, recording, run) | {"paced": paced} | provenance(seed))


def summarise(design: AnalogDesign, recording: Recording, run: AnalogRtlRun) -> dict:
    """The result of a simulation, as it is reported and scripted against.

    ``core_power_nw`` comes from the hardware's charge meter, which weighs every frame as one of `frame_cycles`.
    ``agreement``: share of clips that hardware and float decide alike. Accuracies are None where nothing is known.
    """
    counters, comparison = run.counters, run.comparison
    frames = counters[AnalogCounter.FRAMES]
    clips = len(recording.features)
    decisions = clip_votes(run.answers, clips)
    return {
        "design": design.name,
        "design_hash": design.hash,
        "data": recording.origin,
        "nonidealities": [name for name in ("mismatch", "bias_error", "noise") if getattr(design.nonidealities, name)],
        "clips": clips,
        "frames_compared": comparison.compared.get("frame", 0),
        "values_compared": comparison.values,
        "compared": comparison.compared,
        "mismatches": comparison.total_mismatches,
        "accuracy": _share(decisions, recording.labels),
        "golden_accuracy": _share(clip_votes(run.reference.answers, clips), recording.labels),
        "float_accuracy": _share(recording.float_decisions, recording.labels),
        "agreement": _share(decisions, recording.float_decisions),
        "core_power_nw": design.power_nw(counters[AnalogCounter.CHARGE], max(1, frames)),
        "wake_ups": counters[AnalogCounter.WAKE_UPS],
        "features_saturated": counters[AnalogCounter.FEATURES_SATURATED] + recording.saturated,
        "parameters_saturated": recording.saturated_parameters,
        "awake_cycles_per_frame": counters[AnalogCounter.AWAKE_CYCLES] / max(1, frames),
        "most_awake_cycles": run.awake,
        "cycles_per_frame": counters[AnalogCounter.CYCLES] / max(1, frames),
        "frames_per_second": frames / run.seconds["stream"],
        "seconds": run.seconds,
        "counters": {counter.name.lower(): value for counter, value in counters.items()},
    }


def clip_votes(answers: Sequence[Answer], clips: int) -> NDArray[np.int64] | None:
    """Class of each clip by its vote; None where there are fewer or more votes than clips."""
    votes = [answer.decision for answer in answers if int(answer.flags) & ReportFlag.VOTE]
    return np.array(votes, np.int64) if len(votes) == clips else None


def _share(decisions: NDArray | None, wanted: NDArray | None) -> float | None:
    return None if decisions is None or wanted is None else float((decisions == wanted).mean())


def analog_table(result: dict) -> Table:
    """The result for a person."""
    shown = table("", "", title=f"{result['design']}: hardware against golden")
    shown.show_header = False
    shown.add_row("clips", f"{result['clips']:,} of {result['data']}")
    shown.add_row("frames compared", f"{result['frames_compared']:,} ({result['values_compared']:,} values)")
    shown.add_row("mismatches", f"{result['mismatches']:,}", style="green" if result["mismatches"] == 0 else "bold red")
    if result["accuracy"] is not None:
        shown.add_row(
            "accuracy", f"{result['accuracy']:.2%} in hardware, {result['golden_accuracy']:.2%} in golden, "
            f"{result['float_accuracy']:.2%} in floating point; decided alike {result['agreement']:.2%}",
        )  # fmt: skip
    for name, count in result["parameters_saturated"].items():
        shown.add_row(
            "beyond its codes", f"{count} of {name} saturated: the hardware computes with less", style="yellow"
        )
    shown.add_row("non-idealities", ", ".join(result["nonidealities"]) or "none")
    shown.add_row("power of the core", f"{result['core_power_nw']:.1f} nW")
    shown.add_row(
        "cycles", f"awake for {result['awake_cycles_per_frame']:g} a frame, at most {result['most_awake_cycles']}; "
        f"{result['cycles_per_frame']:.1f} from frame to frame",
    )  # fmt: skip
    shown.add_row("simulation", f"{result['frames_per_second']:,.0f} frames a second, comparison apart")
    return shown

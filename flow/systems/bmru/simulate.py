"""Simulate a BMRU design: the generated hardware on clips of words, every frame compared with golden."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from remora.flow.report.provenance import provenance
from remora.flow.systems.bmru.generate import bmru_parts
from remora.flow.systems.bmru.harness import bmru_harness
from remora.flow.systems.bmru.recording import Recording
from remora.flow.systems.bmru.run import BmruCase
from remora.flow.systems.bmru.stimulus import BmruStimulus
from remora.flow.tools.simulator import default_seed
from remora.flow.verify.run import RtlRun
from remora.flow.verify.simulation import Simulated, agreement_table, compared_values, simulate_case
from remora.golden.bmru.clips import VoteSettings
from remora.golden.bmru.wake_ups import count_wakes
from remora.spec.bmru.counters import BmruCounter
from remora.spec.bmru.design import BmruDesign
from remora.spec.bmru.frames import ReportFlag
from remora.spec.lib.errors import RemoraError
from remora.spec.lib.packets import Answer

if TYPE_CHECKING:
    from rich.table import Table


def simulate_bmru(
    design: BmruDesign,
    recording: Recording,
    *,
    seed: int | None = None,
    stall: float = 0.0,
    paced: bool = False,
    waves: Path | None = None,
    toggles: Path | None = None,
    gates: bool = False,
    keep: Path | None = None,
) -> Simulated[BmruCase]:
    """Generate, build, load the codes through the scan window, run and compare.

    Args:
        seed: of stalls and of what power-up leaves; COCOTB_RANDOM_SEED or 1 where None.
        stall: probability that either stream pauses in a cycle.
        paced: a frame every `BmruDesign.cycles.frame`, as in the field, instead of back to back.
        waves: VCD or FST file to record. ``toggles``: SAIF file to record.
        gates: simulate the mapped netlist on Icarus Verilog.
        keep: directory for inputs, trace and log; a temporary one, removed unless something differs, where None.

    Raises:
        RemoraError: ``paced`` and ``stall`` together, ``waves`` and ``toggles`` together, or clips longer than the
            design takes.
        SimulatorError: the build or the simulation itself failed.
    """
    if paced and stall:
        raise RemoraError(f"--paced with --stall {stall:g}: stalls move frames off their pace; leave one out")
    seed = default_seed() if seed is None else seed
    settings = recording.settings(design)
    stimulus = BmruStimulus(recording.packets, recording.codes, settings, design.cycles.frame if paced else 0)
    run = simulate_case(
        bmru_parts(design, recording.codes), bmru_harness,
        BmruCase(design, stimulus, recording.streams if settings.sliding else None),
        count=len(stimulus.packets), unit="frames", seed=seed, stall=stall, waves=waves,
        toggles=toggles, gates=gates, keep=keep,
    )  # fmt: skip
    result = summarise(design, recording, settings, run) | {"paced": paced}
    return Simulated(run, result | provenance(seed), bmru_table)


def summarise(design: BmruDesign, recording: Recording, settings: VoteSettings, run: RtlRun[BmruCase]) -> dict:
    """The result of a simulation, as it is reported and scripted against.

    ``core_power_nw`` comes from the hardware's charge meter, which weighs every frame as one of `BmruCycles.frame`.
    ``agreement``: share of clips that hardware and float decide alike. Accuracies are None where nothing is known.
    Where votes slide, ``sliding``, a clip's decision is its last vote. Of a ``stream`` of words also ``keywords``,
    ``hits``, ``false_alarms`` and ``hours`` as `remora.golden.bmru.wake_ups.count_wakes` has them, else None.
    """
    counters, comparison = run.counters, run.comparison
    frames = counters[BmruCounter.FRAMES]
    clips, length = recording.features.shape[:2]
    votes = length if settings.sliding else 1
    decisions = clip_votes(run.answers, clips, votes)
    counted = dict.fromkeys(("keywords", "hits", "false_alarms", "hours"))
    if recording.stream and recording.labels is not None:
        spoken = (recording.labels == settings.wake_class)[None]
        counted = count_wakes(run.case.keyword_frames(1), spoken, settings.frames)
    return {
        "design": design.name,
        "design_hash": design.hash,
        "data": recording.origin,
        "nonidealities": [name for name in ("mismatch", "bias_error", "noise") if getattr(design.nonidealities, name)],
        "clips": clips,
        "frames_compared": comparison.compared.get("frame", 0),
        **compared_values(comparison),
        "accuracy": _share(decisions, recording.labels),
        "golden_accuracy": _share(clip_votes(run.case.reference.answers, clips, votes), recording.labels),
        "float_accuracy": _share(recording.float_decisions, recording.labels),
        "agreement": _share(decisions, recording.float_decisions),
        "core_power_nw": design.power_nw(counters[BmruCounter.CHARGE], max(1, frames)),
        "sliding": settings.sliding,
        "stream": recording.stream,
        "wake_ups": counters[BmruCounter.WAKE_UPS],
        **counted,
        "features_saturated": counters[BmruCounter.FEATURES_SATURATED] + recording.saturated,
        "parameters_saturated": recording.saturated_parameters,
        "awake_cycles_per_frame": counters[BmruCounter.AWAKE_CYCLES] / max(1, frames),
        "most_awake_cycles": run.report["awake"]["most"],
        "cycles_per_frame": counters[BmruCounter.CYCLES] / max(1, frames),
        "frames_per_second": frames / run.seconds["stream"],
        "seconds": run.seconds,
        "counters": {counter.name.lower(): value for counter, value in counters.items()},
    }


def clip_votes(answers: Sequence[Answer], clips: int, each: int = 1) -> NDArray[np.int64] | None:
    """Class of each clip by its vote, the last of ``each``; None where there are fewer or more than clips have."""
    votes = [answer.decision for answer in answers if int(answer.flags) & ReportFlag.VOTE]
    return np.array(votes[each - 1 :: each], np.int64) if len(votes) == clips * each else None


def _share(decisions: NDArray | None, wanted: NDArray | None) -> float | None:
    return None if decisions is None or wanted is None else float((decisions == wanted).mean())


def bmru_table(result: dict) -> Table:
    """The result for a person."""
    heading = "clips", f"{result['clips']:,} of {result['data']}"
    shown = agreement_table(result, heading, ("frames compared", f"{result['frames_compared']:,}"))
    if result["accuracy"] is not None:
        shown.add_row(
            "accuracy", f"{result['accuracy']:.2%} in hardware, {result['golden_accuracy']:.2%} in golden, "
            f"{result['float_accuracy']:.2%} in floating point; decided alike {result['agreement']:.2%}",
        )  # fmt: skip
    if result["sliding"]:
        found = ""
        if result["hits"] is not None:
            minutes = 60 * result["hours"]
            found = (
                f": {result['hits']} of {result['keywords']} keywords found, {result['false_alarms']} false alarms in "
                f"{minutes:.1f} minutes without one"
            )
        shown.add_row("wake-ups", f"{result['wake_ups']:,} of a vote that slides{found}")
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

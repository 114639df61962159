"""The generated hardware with the core's macro on the clips of an experiment: decisions, compared with golden."""

from __future__ import annotations

from pathlib import Path

from flow.analog.harness import build_analog_harness
from flow.analog.run import run_analog
from flow.analog.simulate import clip_votes, needed_kinds
from flow.analog.stimulus import AnalogStimulus
from flow.keywords.evaluation import Spotter, confusion
from flow.simulation import generate_for
from golden.analog_clips import VoteSettings
from golden.analog_random import clip_packets
from spec.analog_records import FRAME
from spec.errors import CheckFailed
from tb.scoreboard import describe_text


def run_hardware(spotter: Spotter, folder: Path) -> dict:
    """All clips through the simulated hardware, with the spotter's codes loaded through the scan window.

    Returns:
        As JSON: ``rtl``, word → clips decided [other, keyword]; ``rtl_frames_compared``, ``rtl_mismatches`` of all that
        a run compares.

    Raises:
        CheckFailed: hardware and golden differ, nothing was compared of a kind, or the hardware did not vote once a
            clip.
        SimulatorError: the build or the simulation failed.
    """
    design = spotter.design
    build = build_analog_harness(generate_for(design, spotter.codes))
    packets = tuple(clip_packets(spotter.feature_codes))
    stimulus = AnalogStimulus(packets, spotter.codes, VoteSettings.of(design, sliding=False))
    run = run_analog(build, design, stimulus, folder / "rtl")
    wrong = run.comparison.shortfall(needed_kinds())
    if wrong:
        raise CheckFailed(f"{design.name}: {wrong}: {describe_text(run.comparison)}")
    votes = clip_votes(run.answers, len(spotter.clips))
    if votes is None:
        raise CheckFailed(f"the hardware did not vote once for each of {len(spotter.clips)} clips")
    return {
        "rtl": confusion(spotter.clips, votes, design.network.classes),
        "rtl_frames_compared": run.comparison.compared[FRAME],
        "rtl_mismatches": run.comparison.total_mismatches,
    }

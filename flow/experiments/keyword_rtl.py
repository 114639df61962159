"""The generated hardware with the core's macro on the clips of an experiment: decisions, compared with golden."""

from __future__ import annotations

from pathlib import Path

from remora.flow.systems.bmru.evaluation import Spotter, confusion
from remora.flow.systems.bmru.generate import bmru_parts
from remora.flow.systems.bmru.harness import bmru_harness
from remora.flow.systems.bmru.run import BmruCase
from remora.flow.systems.bmru.simulate import clip_votes
from remora.flow.systems.bmru.stimulus import BmruStimulus
from remora.flow.verify.harness import build_harness
from remora.flow.verify.run import run_case
from remora.flow.verify.simulation import generate_for
from remora.golden.bmru.clips import VoteSettings
from remora.golden.bmru.random_codes import clip_packets
from remora.spec.bmru.records import FRAME
from remora.spec.lib.errors import CheckFailed
from remora.tb.lib.scoreboard import describe_text


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
    build = build_harness(generate_for(bmru_parts(design, spotter.codes)), bmru_harness)
    packets = tuple(clip_packets(spotter.feature_codes))
    stimulus = BmruStimulus(packets, spotter.codes, VoteSettings.of(design, sliding=False))
    run = run_case(build, BmruCase(design, stimulus), folder / "rtl")
    wrong = run.failure()
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

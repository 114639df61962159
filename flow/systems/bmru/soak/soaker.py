"""BMRU accelerators in a soak."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from remora.flow.generate.parts import Parts
from remora.flow.systems.bmru.generate import bmru_parts
from remora.flow.systems.bmru.harness import bmru_harness
from remora.flow.systems.bmru.run import BmruCase
from remora.flow.systems.bmru.soak.random_designs import any_core
from remora.flow.systems.bmru.soak.third import third_reading
from remora.flow.systems.bmru.stimulus import stress_stimulus
from remora.flow.verify.harness import MakeHarness
from remora.flow.verify.records import ANSWER, Check, answer_records, by_name, check_values
from remora.flow.verify.run import RtlRun, recorded
from remora.flow.verify.soak.soaker import NAME, Soaker, Traffic, resets_of
from remora.spec.bmru.design import BmruDesign

FEWEST, MOST = 12, 600
"""Clips of a run."""
CUT_OFF = 12
"""Packets that a reset before a run cuts off."""
SHARES = (0.5, 0.3, 0.2)
"""Of the cycles of a design point: back to back, with pauses, and paced."""


class BmruSoaker(Soaker[BmruDesign, BmruCase]):
    """Clips with all that can be wrong with packets, back to back, with pauses, and paced."""

    name = "bmru"
    PLAINEST = {"bad": False, "stall": 0.0, "period": 0, "report_frames": False, "sliding": False, "resets": 0}

    @property
    def harness(self) -> MakeHarness:
        """See the base."""
        return bmru_harness

    def draw(self, random: np.random.Generator) -> BmruDesign:
        """See the base."""
        return any_core(random).evolve(name=NAME)

    def traffics(self, random: np.random.Generator, design: BmruDesign, cycles: int) -> list[Traffic]:
        """See the base."""
        each = design.cycles.awake * (1 + min(design.vote.frames, 12)) / 2
        found: list[Traffic] = []
        for kind, share in enumerate(SHARES):
            period = design.cycles.awake + int(random.integers(40)) if kind == 2 else 0
            clips = int(min(MOST, max(FEWEST, share * cycles / each)))
            found.append(
                {
                    "seed": int(random.integers(2**31)), "clips": clips, "last": clips, "bad": kind != 2,
                    "stall": round(float(random.uniform(0.05, 0.9)), 2) if kind == 1 else 0.0, "period": period,
                    "report_frames": bool(random.integers(2)), "sliding": bool(random.integers(2)),
                    "resets": int(random.integers(5)) if kind == 1 else 0,
                }
            )  # fmt: skip
        return found

    def parts(self, design: BmruDesign) -> Parts:
        """See the base."""
        return bmru_parts(design)

    def case(self, design: BmruDesign, traffic: Traffic, directory: Path) -> BmruCase:
        """See the base."""
        stimulus = stress_stimulus(
            design, int(traffic["clips"]), int(traffic["seed"]), bad=bool(traffic["bad"]),
            period=int(traffic["period"]), report_frames=bool(traffic["report_frames"]),
            sliding=bool(traffic["sliding"]),
        )  # fmt: skip
        kept = len(stimulus.packets) * int(traffic["last"]) // int(traffic["clips"])
        case = BmruCase(design, replace(stimulus, packets=stimulus.packets[: max(1, kept)]))
        if traffic["resets"]:
            case.cut_off = [packet.data for packet in stimulus.packets[:CUT_OFF] if packet.keep is None]
            case.resets = resets_of(traffic, len(case.cut_off) * design.cycles.awake)
        return case

    def third(self, run: RtlRun[BmruCase], directory: Path) -> Iterator[Check]:
        """See the base."""
        design, stimulus = run.case.design, run.case.stimulus
        third, found = third_reading(design, stimulus), recorded(run.case, directory, run.report)
        actual = {**found, ANSWER: answer_records(design.network.classes, run.answers)}
        for kind, expected in third.records.items():
            yield Check(kind, expected, actual[kind])
        yield check_values("counted", third.counters, by_name(run.counters))

    def smallest(self) -> Mapping[str, Mapping[str, Any]]:
        """See the base."""
        return {
            "network": {"features": 1, "width": 1, "blocks": 1, "classes": 1},
            "settling": {"phase_cycles": 1},
            "vote": {"frames": 1, "wake_class": 0},
        }

"""Crossbar accelerators in a soak."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from remora.flow.generate.parts import Parts
from remora.flow.systems.crossbar.generate import crossbar_parts, write_images
from remora.flow.systems.crossbar.harness import crossbar_harness
from remora.flow.systems.crossbar.run import CrossbarCase, readback_points
from remora.flow.systems.crossbar.soak.draws import draw_design
from remora.flow.systems.crossbar.soak.random_designs import any_coefficients
from remora.flow.systems.crossbar.soak.third import reads, third_reading
from remora.flow.systems.crossbar.stimulus import (
    Stimulus,
    learning_stimulus,
    stress_stimulus,
    with_bad_packets,
    with_healing,
    with_replay_commands,
)
from remora.flow.verify.harness import MakeHarness
from remora.flow.verify.records import ANSWER, Check, answer_records, by_name, check_values
from remora.flow.verify.run import RtlRun, recorded
from remora.flow.verify.soak.soaker import Soaker, Traffic, resets_of
from remora.golden.learning.learnt_state import read_state
from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib.packets import Flag, encode_packet

RATIOS, HEALED = (1, 2, 3), (1, 2, 0, 3)
"""Replays after a new sequence, and healing replays, at the commands in turn."""
FEWEST, MOST = 24, 6000
"""Sequences of a run."""
CUT_OFF = 6
"""Packets that a reset before a run cuts off."""
SHARES = (0.5, 0.3, 0.2)
"""Of the cycles of a design point: without pauses, with pauses and bad packets, and programmed by the window."""


class CrossbarSoaker(Soaker[DesignPoint, CrossbarCase]):
    """Sequences of every kind from memory images or through the weight window, with and without pauses."""

    name, WEIGHT = "crossbar", 3
    PLAINEST = {"bad": 0.0, "stall": 0.0, "commands": False, "readbacks": 0, "window": False, "resets": 0, "age": 0}

    @property
    def harness(self) -> MakeHarness:
        """See the base."""
        return crossbar_harness

    def draw(self, random: np.random.Generator) -> DesignPoint:
        """See the base."""
        return draw_design(random)

    def traffics(self, random: np.random.Generator, design: DesignPoint, cycles: int) -> list[Traffic]:
        """See the base."""
        each = _cycles_of_sequence(design)
        found: list[Traffic] = []
        for kind, share in enumerate(SHARES):
            sequences = int(min(MOST, max(FEWEST, share * cycles / each)))
            found.append(
                {
                    "seed": int(random.integers(2**31)), "sequences": sequences, "last": sequences,
                    "stall": 0.0 if kind == 0 else round(float(random.uniform(0.05, 0.9)), 2),
                    "bad": 0.0 if kind == 0 else round(float(random.uniform(0.05, 0.5)), 2),
                    "window": kind == 2, "commands": bool(random.integers(2)), "readbacks": int(random.integers(3)),
                    "resets": 0 if kind == 0 else int(random.integers(5)),
                    "age": int(random.integers(2)) * int(2 ** random.uniform(4, 40)),
                }
            )  # fmt: skip
        return found

    def parts(self, design: DesignPoint) -> Parts:
        """See the base."""
        return crossbar_parts(design)

    def case(self, design: DesignPoint, traffic: Traffic, directory: Path) -> CrossbarCase:
        """See the base."""
        stimulus, images = make_stimulus(design, traffic), None
        if not traffic["window"] and design.devices.ideal:
            images = directory / "images"
            write_images(design, stimulus.weights, images)
        case = CrossbarCase(design, stimulus, images=images)
        if traffic["resets"] and design.devices.ideal:
            case.cut_off = [_forgotten(stimulus, index) for index in range(min(len(stimulus), CUT_OFF))]
            longest = design.cycles.sequence(design.network.max_steps)
            case.resets = resets_of(traffic, len(case.cut_off) * longest)
        return case

    def third(self, run: RtlRun[CrossbarCase], directory: Path) -> Iterator[Check]:
        """See the base; nothing of what `remora.flow.systems.crossbar.soak.third.reads` does not read."""
        design, stimulus = run.case.design, run.case.stimulus
        if not reads(design, stimulus):
            return
        points = readback_points(stimulus)
        third, found = third_reading(design, stimulus, points), recorded(run.case, directory, run.report)
        actual = {**run.case.in_order(found), ANSWER: answer_records(design.network.classes, run.answers)}
        for kind, expected in third.records.items():
            if len(expected) or len(actual[kind]):
                yield Check(kind, expected, actual[kind])
        for point in points:
            read = read_state(directory, point, design)
            for kind, expected in third.states[point].items():
                yield Check(f"{kind} at {point}", expected, _fields_of(expected, read[kind]))
        counted = by_name(run.counters)
        yield check_values("counted", {name: n for name, n in third.counters.items() if name in counted}, counted)

    def smallest(self) -> Mapping[str, Mapping[str, Any]]:
        """See the base."""
        return {
            "network": {"features": 1, "hidden": 1, "classes": 1, "max_steps": 1},
            "cell": {"lanes": 1},
            "crossbar": {"rows": 16, "columns": 16, "fraction_bits": 0},
        }


def _cycles_of_sequence(design: DesignPoint) -> float:
    """About so many cycles that a sequence takes."""
    steps = (design.network.max_steps + 1) / 2
    cycles = design.cycles.sequence(round(steps))
    if design.capabilities.learns:
        # Rows that are read again and again take most of the time.
        update = design.cycles.most_update if design.capabilities.verifies_learning else design.cycles.fewest_update
        cycles += update(round(steps))
    if design.capabilities.replays:
        cycles *= 1 + design.learning.replay_ratio
    return cycles


def _forgotten(stimulus: Stimulus, index: int) -> bytes:
    """A packet that is inferred, and forgotten by a reset."""
    features = stimulus.features[index, : stimulus.lengths[index]]
    return encode_packet(features, tag=index, flags=Flag.INFER)


def make_stimulus(design: DesignPoint, traffic: Traffic) -> Stimulus:
    """The sequences of a traffic, with all that comes between them."""
    seed, sequences, last = (int(traffic[name]) for name in ("seed", "sequences", "last"))
    random = np.random.default_rng(seed)
    draw = learning_stimulus if design.capabilities.learns else stress_stimulus
    stimulus = draw(design, sequences, any_coefficients(random, design), seed)
    if design.capabilities.replays and traffic["commands"]:
        stimulus = with_replay_commands(stimulus, RATIOS, seed)
    if design.capabilities.heals:
        stimulus = with_healing(stimulus, HEALED)
    if traffic["bad"]:
        stimulus = with_bad_packets(design, stimulus, seed, float(traffic["bad"]))
    if not design.devices.ideal:
        stimulus = replace(stimulus, age=int(traffic["age"]))
    points = np.sort(random.integers(1, sequences, int(traffic["readbacks"]))).tolist()
    return _first(replace(stimulus, readbacks=tuple(points) if stimulus.learns.any() else ()), last)


def _first(stimulus: Stimulus, last: int) -> Stimulus:
    """The first sequences, with what precedes each of them."""
    return replace(
        stimulus, features=stimulus.features[:last], lengths=stimulus.lengths[:last], labels=stimulus.labels[:last],
        asked=None if stimulus.asked is None else stimulus.asked[:last],
        bad=tuple(bad for bad in stimulus.bad if bad.before < last),
        commands=tuple(command for command in stimulus.commands if command.before < last),
        readbacks=tuple(point for point in stimulus.readbacks if point < last),
    )  # fmt: skip


def _fields_of(expected: NDArray, read: NDArray) -> NDArray:
    """The fields of what was read that are told, too."""
    found = np.zeros(len(read), expected.dtype)
    for name in expected.dtype.names or ():
        found[name] = read[name]
    return found

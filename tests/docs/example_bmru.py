"""What the examples of the BMRU accelerator and its votes call: devices, frames and votes as golden has them."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from remora.golden.bmru.clips import FramePacket, Intake, VoteModel, VoteSettings
from remora.golden.bmru.core import BmruCore
from remora.golden.bmru.devices import CellBiases, MirrorLayer, bias_currents
from remora.golden.bmru.random_codes import by_hand
from remora.spec.bmru.design import BmruDesign
from remora.spec.bmru.frames import FrameFlag, encode_frame
from tests.docs.example_points import core


def mirror_ratios(design: BmruDesign, code: int) -> list[int]:
    """Ratios of the two devices of weight element 0, rail 0 first."""
    devices = MirrorLayer(design, by_hand(design, input__weight=code), "input").devices
    return [int(devices[0, 0]), -int(devices[0, design.network.features])]


def bias_pa(design: BmruDesign, code: int) -> int:
    """Current of the first bias of the input layer."""
    return int(bias_currents(design, by_hand(design, input__bias=code), "input.bias")[0])


def stream_features(design: BmruDesign, *values: int) -> tuple[list[int], int]:
    """DAC codes of features of the stream, and how many saturated."""
    taken = Intake(design.evolve(network={"features": len(values)}))
    frame = taken.take(FramePacket(encode_frame(np.array(values), FrameFlag.START)), VoteSettings.of(design))
    return frame.features.tolist(), taken.saturated


def layer_target(design: BmruDesign, weight: int, bias: int, x: int) -> int:
    """Target in pA of the first node of the input layer, all of whose codes are these, for feature currents x."""
    layer = MirrorLayer(design, by_hand(design, input__weight=weight, input__bias=bias), "input")
    currents = np.full((design.network.features, 1), x, np.int64)
    return int(layer.target(layer.rails(currents), 0)[0, 0])


def settled(target: int, cycles: int) -> int:
    """A node after so many settle cycles, from 0, with a target that stays: 2 to 9 cycles."""
    design = core(features=1, width=1, blocks=cycles - 1, classes=1, phase_cycles=1, bias_step_pa=1)
    codes = by_hand(design, blocks__0__first__bias=target)
    return int(BmruCore(design, codes).run(np.zeros((1, 1, 1), int)).candidate[0, 0, 0, 0])


def decided(design: BmruDesign, threshold: int, hysteresis: int, candidates: list[int]) -> list[int]:
    """A cell after every candidate in pA, with these codes."""
    codes = by_hand(design, blocks__0__threshold=threshold, blocks__0__hysteresis=hysteresis)
    biases, state, seen = CellBiases.of(design, codes, 0), np.zeros(1, bool), []
    for candidate in candidates:
        state = biases.decide(np.array([candidate]), state)
        seen.append(int(state[0]))
    return seen


def run_frames(design: BmruDesign, x: list[int], **codes: int) -> SimpleNamespace:
    """Frames of one clip whose features all have these codes: fields of the trace, frame by frame."""
    clip = np.repeat(np.array(x).reshape(1, -1, 1), design.network.features, axis=2)
    run = BmruCore(design, by_hand(design, **codes)).run(clip)
    return SimpleNamespace(
        candidate=run.candidate.ravel().tolist(),
        state=run.state.ravel().astype(int).tolist(),
        output=run.output.ravel().tolist(),
        decision=run.decision.ravel().tolist(),
        charge=run.charge.ravel().tolist(),
    )


def cleared_between(design: BmruDesign, x: list[int], **codes: int) -> tuple[list[int], list[int]]:
    """States of the first cell after each frame, in one clip of all frames, and in a clip of each."""
    together = run_frames(design, x, **codes).state
    return together, [run_frames(design, [one], **codes).state[0] for one in x]


def votes(design: BmruDesign, classes: list[int]) -> list[tuple[int, tuple[int, ...], bool]]:
    """Class, votes and wake-up of every vote over the frames of one clip, whose last has *end*."""
    intake, model, seen = Intake(design), VoteModel(design), []
    for t, decision in enumerate(classes):
        flags = (FrameFlag.START if t == 0 else 0) | (FrameFlag.END if t == len(classes) - 1 else 0)
        packet = FramePacket(encode_frame(np.zeros(design.network.features, int), FrameFlag(flags)))
        for answer in model.take(intake.take(packet, VoteSettings.of(design)), decision):
            seen.append((answer.decision, answer.scores, bool(answer.flags & 4)))
    return seen

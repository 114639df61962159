"""The vote against golden's vote model: clips and sliding windows of any length, ties, thresholds, resets."""

from __future__ import annotations

import numpy as np

from remora.golden.bmru.clips import KeptFrame, VoteModel, VoteSettings
from remora.spec.bmru.frames import ReportFlag
from remora.tb.lib.bench import Block, BlockBench, block_test, unpack

VOTE_BITS = 10
LONGEST = 60
"""Frames of a clip, except in the test of a long one."""
PHASE = 600
"""Frames of a long clip until another class is chosen most often: more than half of what a count can tell."""


async def one_frame(bench: BlockBench, block: Block, frame: KeptFrame, decision: int, model: VoteModel) -> None:
    """A frame through the vote, compared in the cycle in which it decides."""
    settings = frame.settings
    values = {"frames": settings.frames, "sliding": int(settings.sliding), "wake_class": settings.wake_class}
    block.put(**{f"settings__{name}": value for name, value in values.items()}, settings__threshold=settings.threshold)
    block.put(prepare=1, first=int(frame.first), last=int(frame.last))
    await bench.cycle()
    # Nothing but the strobes counts.
    block.put(prepare=0, first=bench.random.getrandbits(1), last=bench.random.getrandbits(1), settings__frames=0)
    await bench.cycle(bench.random.randint(1, 3))
    block.put(take=1, winner=decision)
    await bench.cycle()
    block.put(take=0, winner=0, decide=1)
    await bench.cycle()
    ended, wakes = model.ended, model.wakes
    told, *voted = model.take(frame, decision)
    names = ("frame_class", "majority", "voted", "ended", "wake")
    found = dict(zip(names, (block.get(name) for name in names), strict=True))
    majority = int(np.argmax(told.scores))
    expected = (decision, majority, len(voted), model.ended - ended, model.wakes - wakes)
    bench.compare(block, "class, majority, voted, ended, wake", tuple(found.values()), expected)
    bench.compare(block, "votes", tuple(unpack(block.get("votes"), VOTE_BITS, len(told.scores))), told.scores)
    if voted:
        bench.compare(block, "wake", found["wake"], int(bool(voted[0].flags & ReportFlag.WAKE)))
    block.put(decide=0)
    await bench.cycle()
    bench.compare(
        block, "the same a cycle later", tuple(block.get(name) for name in names), (decision, majority, 0, 0, 0)
    )


def random_settings(bench: BlockBench, block: Block, favourite: int) -> VoteSettings:
    """Any legal settings, most often such that something happens.

    ``favourite`` is the class that most frames choose.
    """
    random, vote = bench.random, block.design.vote
    some = random.randint(1, min(LONGEST, vote.frames))
    frames = random.choice([0, 1, vote.frames, some, random.randint(1, vote.frames)])
    few = random.randint(0, 1 + min(frames, LONGEST // 2))
    return VoteSettings(
        frames=frames,
        sliding=bool(random.getrandbits(1)),
        wake_class=random.choice([favourite, favourite, block.design.network.classes - 1, random.randrange(16)]),
        threshold=random.choice([few, few, few | 1 << random.randrange(VOTE_BITS)]),
        report_frames=True,  # so that the model tells the votes of every frame
    )


@block_test
async def clips(bench: BlockBench) -> None:
    """Clips of random lengths and settings, which change from clip to clip."""

    async def drive(block: Block) -> None:
        model, nothing = VoteModel(block.design), np.zeros(0, np.int32)
        for _ in range(40):
            favourite = bench.random.randrange(block.design.network.classes)
            settings = random_settings(bench, block, favourite)
            longest = 3 * block.design.vote.frames if settings.sliding else max(1, settings.frames)
            length = bench.random.randint(1, min(longest, LONGEST))
            for t in range(length):
                other = bench.random.randrange(block.design.network.classes)
                decision = favourite if bench.chance(0.6) else other
                frame = KeptFrame(nothing, t == 0, t == length - 1, 0, settings)
                await one_frame(bench, block, frame, decision, model)
            if bench.chance(0.2):
                await bench.cycle(2)

    await bench.each(drive)
    assert any(block.design.network.classes > 1 for block in bench.blocks)


@block_test
async def long_clip(bench: BlockBench) -> None:
    """A clip that slides over more frames than a count of votes can tell: the window stays full, and one class after
    the other gets most of it."""
    nothing = np.zeros(0, np.int32)

    async def drive(block: Block) -> None:
        model, frames = VoteModel(block.design), block.design.vote.frames
        random, classes = bench.random, block.design.network.classes
        # Either way the class that is chosen first wakes, once it has so many votes.
        for least, length in ((1 << VOTE_BITS - 2, (1 << VOTE_BITS) + frames + 3), (1 << VOTE_BITS - 1, PHASE)):
            first, threshold = random.randrange(classes), min(frames, least + random.randrange(10))
            settings = VoteSettings(frames, True, wake_class=first, threshold=threshold, report_frames=True)
            for t in range(length):
                decision = random.randrange(classes) if t % 8 == 0 else (first + t // PHASE) % classes
                await one_frame(bench, block, KeptFrame(nothing, t == 0, t == length - 1, 0, settings), decision, model)

    await bench.each(drive)


@block_test
async def resets(bench: BlockBench) -> None:
    """A reset within a clip, before its votes are taken or after: all is forgotten, and the next clip is exact."""
    nothing = np.zeros(0, np.int32)
    for block in bench.blocks:
        last = block.design.network.classes - 1
        for count in (1, 2, 3):
            settings = VoteSettings(1, True, wake_class=last, threshold=1, report_frames=True)
            model = VoteModel(block.design)
            for t in range(count):
                await one_frame(bench, block, KeptFrame(nothing, t == 0, False, 0, settings), last, model)
            bench.compare(block, "votes before", block.get("votes") != 0, True)
            await bench.reset()
            found = tuple(block.get(name) for name in ("votes", "frame_class", "majority"))
            bench.compare(block, "votes, class, majority after", found, (0, 0, 0))
            # It wakes again: that it was awake is forgotten too.
            await one_frame(bench, block, KeptFrame(nothing, True, True, 0, settings), last, VoteModel(block.design))

"""What the BMRU controller shows, cycle by cycle, beside golden's intake, votes and core."""

from __future__ import annotations

from collections import Counter, deque

import numpy as np

from remora.golden.bmru.clips import FramePacket, Intake, KeptFrame, VoteModel, VoteSettings
from remora.golden.bmru.codes import BmruCodes
from remora.golden.bmru.core import BmruCore
from remora.spec.bmru.design import CHARGE_BITS
from remora.spec.bmru.frames import FrameDrop
from remora.spec.lib.packets import BEAT_BYTES, FLAGS_BIT, TAG_BIT, Answer
from remora.tb.lib.bench import Block, BlockBench, pack

SETTINGS = ("frames", "sliding", "wake_class", "threshold", "report_votes", "report_frames")
HEADER, BODY, VERDICT = "header", "body", "verdict"


def beats_of(packet: FramePacket) -> list[dict[str, int]]:
    """The beats of a packet as ports of the stream."""
    beats = []
    for start in range(0, len(packet.data), BEAT_BYTES):
        part = packet.data[start : start + BEAT_BYTES]
        keep = packet.keep[start : start + BEAT_BYTES] if packet.keep else [True] * len(part)
        last = start + BEAT_BYTES >= len(packet.data)
        beats.append(
            {"input__tdata": int.from_bytes(part, "little"), "input__tkeep": pack(keep, 1), "input__tlast": int(last)}
        )
    return beats


class Frames:
    """The frame at work: its place in the cycles that a frame takes, and what it leaves."""

    def __init__(self, block: Block, codes: BmruCodes | None) -> None:
        self.design = block.design
        self.core = BmruCore(self.design, codes) if codes else None
        self.vote = VoteModel(self.design)
        self.at = 0
        """0: none; 1 in the cycle that prepares one, and so on."""
        self.frame: KeptFrame | None = None
        self.number = self.charge = self.state = self.last = self.most = 0
        self.answers: list[Answer] = []
        self.ended = self.woke = 0

    @property
    def takes(self) -> bool:
        """In this cycle the sample is taken."""
        return self.at == self.design.cycles.awake - 1

    @property
    def decides(self) -> bool:
        """In this cycle the vote is."""
        return self.at == self.design.cycles.awake

    @property
    def settles(self) -> bool:
        """The core draws charge in this cycle."""
        return 1 < self.at < self.design.cycles.awake - 1

    def follow(self, starts: KeptFrame | None) -> None:
        """What a cycle leaves behind."""
        if starts:
            self.frame, self.at = starts, 1
        elif self.decides:
            self.last, self.at = self.design.cycles.awake, 0
            self.most = max(self.most, self.last)
        elif self.at:
            self.at += 1
            if self.takes:
                self._sample()

    def _sample(self) -> None:
        """The frame, as the core and the vote have it from now on."""
        frame, core, vote = self.frame, self.core, self.vote
        assert frame is not None and core is not None, "a frame runs once codes are there"
        run = (core.run if frame.first else core.resume)(np.array(frame.features)[None, None], self.number)
        self.number += 1
        self.charge = (self.charge + int(run.charge[0, 0])) % (1 << CHARGE_BITS)
        self.state = pack(run.state[0, 0].reshape(-1).astype(int).tolist(), 1)
        ended, wakes = vote.ended, vote.wakes
        self.answers = vote.take(frame, int(run.decision[0, 0]))
        self.ended, self.woke = vote.ended - ended, vote.wakes - wakes


class Account:
    """One controller, what it was given and what it should show.

    Attributes:
        codes: that the latches hold.
        packets: those that wait to be sent.
        run, settings: inputs that stay.
        chances: of the inputs that come and go.
        seen: how often something happened.
    """

    def __init__(self, bench: BlockBench, block: Block) -> None:
        self.bench, self.block, self.design = bench, block, block.design
        self.codes: BmruCodes | None = None
        self.packets = deque[FramePacket]()
        self.seen: Counter[str] = Counter()
        self.run = 0
        self.chances = {"due": 1.0, "output__tready": 1.0, "input__tvalid": 1.0}
        self.settings = VoteSettings.of(self.design)
        self.now, self.driven = 0, dict[str, int]()
        self.reset()

    def reset(self) -> None:
        """All is as at power-up, but for the codes."""
        self.programmed, self.command = 0, ""
        self.receives, self.beats, self.offered = HEADER, deque[dict[str, int]](), False
        self.packet: FramePacket | None = None
        self.answer = deque[tuple[int, int]]()
        """Words on offer, and whether each is the last."""
        self.swallows = False
        self.forget()

    def latched(self, codes: BmruCodes) -> None:
        """Codes came into the latches, of a core that is cleared."""
        self.codes = codes
        self.frames.core = BmruCore(self.design, codes)

    def forget(self) -> None:
        """What a soft reset leaves: codes that are trusted, and packets on either stream."""
        self.frames = Frames(self.block, self.codes)
        self.intake, self.in_clip = Intake(self.design), 0
        self.frame: KeptFrame | None = None
        """That the buffer holds."""
        self.swallows = self.receives != HEADER
        self.reports, self.held_before, self.busy = deque[Answer](), False, 0

    def draw_inputs(self) -> dict[str, int]:
        """Inputs of the next cycle; a beat once offered stays."""
        random = self.bench.random
        if not self.beats and self.packets and self.receives != VERDICT:
            self.packet = self.packets.popleft()
            self.beats.extend(beats_of(self.packet))
        self.offered = bool(self.beats) and (self.offered or random.random() < self.chances["input__tvalid"])
        put = {name: int(random.random() < self.chances[name]) for name in ("due", "output__tready")}
        put |= {"run": self.run, "input__tvalid": int(self.offered)}
        put |= {f"configured__{name}": int(getattr(self.settings, name)) for name in SETTINGS}
        if self.offered:
            put |= self.beats[0]
        return put

    @property
    def rests(self) -> bool:
        """Nothing comes, goes or is at work, but for a scan command."""
        waits = self.run or self.packets or self.beats or self.frame or self.receives != HEADER
        return not (waits or self.answer or self.reports or self.frames.at)

    async def rest(self) -> None:
        """One cycle of rest, of which less is compared."""
        put = {"run": 0, "abort": 0, "input__tvalid": 0}
        self._put(put)
        await self.bench.cycle()
        shows = self._shows(put | {"due": 0})
        names = ("halted", "programmed", "active", "input__tready", "output__tvalid")
        self.bench.compare_ports(self.block, f"cycle {self.now}, at rest", {name: shows[name] for name in names})
        self._follow(put, shows)

    def _put(self, put: dict[str, int]) -> None:
        """Write ports that change."""
        self.block.put(**{name: value for name, value in put.items() if self.driven.get(name) != value})
        self.driven |= put

    async def cycle(self, abort: int = 0) -> None:
        """One cycle, and what it shows, compared."""
        put = self.draw_inputs() | {"abort": abort}
        self._put(put)
        await self.bench.cycle()
        shows = self._shows(put)
        self.bench.compare_ports(self.block, f"cycle {self.now}", shows)
        self._follow(put, shows)

    def _shows(self, put: dict[str, int]) -> dict[str, int]:
        """The outputs in a cycle of these inputs."""
        frames, get = self.frames, self.block.get
        self.busy = get("scan__busy")
        if self.command in ("load", "verify") and get("scan__done"):
            self.programmed = 1 - get("scan__failed")
        taken, ready = not self.reports, not self.answer
        paced = bool(put["run"] and self.programmed and not self.busy)
        waits = paced and self.frame is not None
        startable = waits and bool(put["due"]) and not frames.at
        starts = startable and taken
        held = startable and not taken and not ready and not self.held_before
        shows = {
            "halted": int(not put["run"] and not frames.at and taken and ready),
            "busy": int(frames.at > 0),
            "programmed": self.programmed,
            "in_clip": self.in_clip,
            "active": int(frames.at > 0 or self.busy or not taken or not ready),
            "waits": int(waits),
            "paced": int(paced),
            "start": int(starts),
            "awake_last": frames.last,
            "awake_most": frames.most,
            "state": 0 if put["abort"] else frames.state,
            "clip_done": frames.ended if frames.decides else 0,
            "wake": frames.woke if frames.decides else 0,
            "input__tready": int({HEADER: self.frame is None, BODY: True, VERDICT: False}[self.receives]),
            "output__tvalid": int(not ready),
        }
        if not ready:
            word, last = self.answer[0]
            shows |= {"output__tdata": word, "output__tlast": last, "output__tkeep": (1 << BEAT_BYTES) - 1}
        if not frames.settles:
            shows["charge"] = frames.charge
        return shows | self._received(put["abort"]) | self._counted(shows, held)

    def _received(self, abort: int) -> dict[str, int]:
        """What is told of a packet that has come to its end."""
        self.kept: KeptFrame | None = None
        dropped = saturated = cut = 0
        if self.receives == VERDICT and not (abort or self.swallows):
            assert self.packet is not None
            intake = self.intake
            before, were, had = intake.dropped.copy(), intake.saturated, intake.cut
            self.kept = intake.take(self.packet, self.settings, bool(self.programmed))
            dropped = sum(1 << cause for cause in FrameDrop if intake.dropped[cause] > before[cause])
            saturated, cut = intake.saturated - were, intake.cut - had
            self.seen.update(f"dropped {cause.name}" for cause in FrameDrop if dropped >> cause & 1)
        told = {f"counts__dropped_{cause.name.lower()}": dropped >> cause & 1 for cause in FrameDrop}
        return told | {
            "dropped": dropped, "feature_saturated": int(saturated > 0), "clip_cut": cut, "counts__clips_cut": cut,
            "counts__features_saturated": saturated,
        }  # fmt: skip

    def _counted(self, shows: dict[str, int], held: bool) -> dict[str, int]:
        """Increments of the counters of frames."""
        self.held = held
        return {
            "counts__frames": int(self.frames.takes),
            "counts__clips": shows["clip_done"],
            "counts__wake_ups": shows["wake"],
            "counts__awake_cycles": shows["busy"],
            "counts__frames_held": int(held),
        }

    def _follow(self, put: dict[str, int], shows: dict[str, int]) -> None:
        """What a cycle leaves behind."""
        get, frames = self.block.get, self.frames
        self.seen.update(name for name, value in shows.items() if value)
        self.now += 1
        self._follow_answers(put)
        if self.kept is not None:
            self.frame, self.in_clip = self.kept, int(not self.kept.last)
        elif frames.at == 1:
            self.frame = None
        starts = self.frame if shows["start"] else None
        self.held_before = not shows["start"] and (self.held or self.held_before)
        if frames.decides:
            self.reports.extend(frames.answers)
        frames.follow(starts)
        self._follow_packets(put, shows)
        for name in ("load", "verify", "read"):
            if get(f"scan__{name}") and not self.busy:
                self.command, self.programmed = name, self.programmed if name == "read" else 0
        if put["abort"]:
            self.seen[f"abort at {min(frames.at, 2)}, {self.receives}"] += 1
            self.command = ""
            self.forget()

    def _follow_answers(self, put: dict[str, int]) -> None:
        """A beat that has passed, or the next report."""
        if self.answer:
            if put["output__tready"]:
                self.answer.popleft()
        elif self.reports:
            report = self.reports.popleft()
            header = report.decision | int(report.flags) << FLAGS_BIT | report.tag << TAG_BIT
            words = [header, *report.scores]
            self.answer.extend((word, int(index == len(words) - 1)) for index, word in enumerate(words))

    def _follow_packets(self, put: dict[str, int], shows: dict[str, int]) -> None:
        """A beat that has passed, or a verdict."""
        if self.receives == VERDICT:
            self.receives, self.swallows = HEADER, False
        elif put["input__tvalid"] and shows["input__tready"]:
            self.beats.popleft()
            self.offered = False
            self.receives = BODY if self.beats else VERDICT

"""Proofs about the blocks that a frame goes through: none is lost, comes twice or out of order."""

from __future__ import annotations

from remora.hdl.bmru.frame_buffer import FrameBuffer
from remora.hdl.bmru.frame_sequencer import FrameSequencer
from remora.hdl.bmru.properties.designs import HERE, ONE, small
from remora.hdl.bmru.reporter import Reporter
from remora.hdl.bmru.settings import VoteSettings
from remora.hdl.bmru.vote import Vote
from remora.hdl.lib.properties.proof import Checker, Mutant, Proof
from remora.hdl.lib.properties.streams import STREAM
from remora.spec.bmru.design import BmruDesign
from remora.spec.lib.fixed import unsigned_width


def blocks() -> list[Proof]:
    """All of them."""
    return [
        *(_buffer(features) for features in (1, 3)),
        *(_sequencer(blocks, cycles) for blocks, cycles in ((1, 1), (2, 3))),
        _reporter(),
        *(_vote(classes, window) for classes, window in ((3, 1), (2, 3))),
    ]


def _settings(prefix: str) -> str:
    return f"{{{', '.join(f'{prefix}__{name}' for name in VoteSettings().members)}}}"


def _buffer(features: int) -> Proof:
    design = small(features=features)
    bits = unsigned_width(features - 1)
    names = ("programmed", "abort", "free", "available", "features", "first", "last", "tag", "dropped", "cut")
    ports = {"pick": "pick", **{name: f"stream__{name}" for name in STREAM}, **{name: name for name in names}}
    ports |= {"configured": _settings("configured"), "settings": _settings("settings"), "in_clip": "in_clip"}
    ports |= {"sliding": "configured__sliding", "frames": "configured__frames", "saturated": "saturated"}
    parameters = {"FEATURES": features, "INDEX_BITS": bits, "FEATURE_BITS": design.formats.feature_bits}
    late = "reg late = 0; always @(posedge clk) late <= good_available & free;"
    return Proof(
        f"frame-buffer-{features}",
        f"a buffer of frames of {features} feature(s) keeps each good packet once, as it came, and drops the others",
        lambda: FrameBuffer(design),
        {"frames": Checker("frame_rules", ports, {**parameters, "SETTINGS_BITS": 26}, HERE)},
        {
            "frames.room": Mutant("", {"stream__tready": "good_stream__tready | free"}),
            "frames.taken": Mutant("", {"stream__tready": "good_stream__tready & ~abort"}),
            "frames.kept_once": Mutant("", {"available": "good_available | late"}, late),
            "frames.told": Mutant("", {"dropped": "good_dropped[3:1] != 0 ? 5'd2 : good_dropped"}),
            "frames.same": Mutant("", {"settings__frames": "configured__frames"}),
            "frames.in_place": Mutant("", {"stream__tdata": "{stream__tdata[31:1], programmed}"}),
            "frames.counted": Mutant("", {"saturated": "good_cut ? 0 : good_saturated"}),
            "frames.clips": Mutant("", {"cut": "good_cut & ~stream__tvalid"}),
        },
        constants={"pick": bits},
        # Who takes frames ends those alone that are there.
        assumed={"there": f"pick < {features}", "free": "!free || available"},
    )


def _sequencer(blocks: int, cycles: int) -> Proof:
    design = small(blocks=blocks).evolve(settling={"phase_cycles": cycles})
    names = ("first", "start", "prepare", "clear", "settle", "evaluate", "sample", "take", "decide", "awake", "held")
    ports = {name: name for name in (*names, "awake_last", "awake_most")}
    ports |= {"may": "run & due & available", "taken": "reports_taken", "stalled": "reports_stalled"}
    return Proof(
        f"frame-sequencer-{blocks}-{cycles}",
        f"a frame of {blocks} block(s) that settle for {cycles} cycle(s) has each strobe once, in its cycle",
        lambda: FrameSequencer(design),
        {"strobes": Checker("strobes_rules", ports, {"PHASE_CYCLES": cycles, "BLOCKS": blocks}, HERE)},
        {
            "strobes.starts": Mutant("", {"start": "good_start & ~reports_stalled"}),
            "strobes.in_turn": Mutant("", {"take": "good_take | good_decide"}),
            "strobes.clears_first": Mutant("", {"clear": "good_clear | good_take"}),
            "strobes.evaluates": Mutant("", {"evaluate": "good_take ? 1 : good_evaluate"}),
            "strobes.held_once": Mutant("", {"held": "run & due & available & reports_stalled & ~good_awake"}),
            "strobes.metered": Mutant("", {"awake_last": "good_awake_last + first"}),
        },
        depth=40,
    )


def _reporter() -> Proof:
    names = ("report_frames", "report_votes", "decide", "voted", "wake", "frame_class", "majority", "taken", "stalled")
    ports = {name: name for name in (*names, "ready", "push", "decision", "flags")}
    late = "reg late = 0; always @(posedge clk) late <= good_push & ready;"
    return Proof(
        "reporter",
        "the reporter tells a frame and its vote once each, in this order",
        lambda: Reporter(small(classes=3)),
        {"reports": Checker("report_rules", {**ports, "legal": "legal"}, {"CLASS_BITS": 2}, HERE)},
        {
            "reports.once": Mutant("", {"push": "good_push | late"}, late),
            "reports.in_order": Mutant("", {"decision": "majority"}),
            "reports.told": Mutant("", {"taken": "good_taken | ready"}),
        },
        wires={"legal": 1},
        assumed={"legal": "legal"},
        quick=True,
    )


def _vote(classes: int, window: int) -> Proof:
    design = _windowed(classes, window)
    names = ("prepare", "first", "last", "take", "winner", "decide", "frame_class", "votes", "majority", "voted")
    ports = {name: name for name in (*names, "ended", "wake", "legal", "looked_at", "other")}
    settings = {"frames": 10, "sliding": 1, "wake_class": 4, "threshold": 10}
    bits = design.network.class_bits
    seen = "reg seen = 0; always @(posedge clk) if (good_wake) seen <= 1;"
    parameters = {"CLASSES": classes, "CLASS_BITS": bits, "WINDOW": window}
    return Proof(
        f"vote-{classes}-{window}",
        f"the vote of {classes} class(es) over {window} frame(s) counts each frame once, in its window alone",
        lambda: Vote(design),
        {"vote": Checker("vote_rules", {**ports, **{name: name for name in settings}}, parameters, HERE)},
        {
            "vote.counts": Mutant("", {"take": "take | (prepare & first)"}),
            "vote.most": Mutant("", {"majority": "winner"}),
            "vote.taken_at": Mutant("", {"voted": "good_voted & ~good_ended"}),
            "vote.wakes": Mutant("", {"wake": "good_wake | (seen & good_voted)"}, seen),
        },
        constants={"looked_at": bits, "other": bits, **settings},
        wires={"legal": 1},
        assumed={
            "legal": "legal",
            **{f"{name}_set": f"settings__{name} == {name}" for name in settings},
        },
        depth=40,
    )


def _windowed(classes: int, window: int) -> BmruDesign:
    return ONE.evolve(network={"classes": classes}, vote={"frames": window})

"""Proofs about the buffers: nothing is lost, sent twice or out of order."""

from __future__ import annotations

from remora.hdl.lib.answer import Answer
from remora.hdl.lib.properties.proof import Checker, Mutant, Proof
from remora.hdl.lib.properties.streams import STREAM, stream
from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib.fixed import unsigned_width
from remora.spec.presets import load_design

ONE = load_design("one", DesignPoint)


def buffers() -> list[Proof]:
    """All of them."""
    return [_answer(classes) for classes in (1, 3)]


def _answer(classes: int) -> Proof:
    design = ONE.evolve(network={"classes": classes})
    bits = 5
    parameters = {"CLASSES": classes, "CLASS_BITS": unsigned_width(classes - 1), "SCORE_BITS": bits}
    ports = {name: name for name in ("push", "ready", "decision", "flags", "tag", "scores")}
    ports |= {name: f"stream__{name}" for name in STREAM}
    late = "reg late = 0; always @(posedge clk) late <= good_stream__tvalid && good_stream__tlast;"
    return Proof(
        f"answer-{classes}",
        f"the answer with {classes} classes sends each result once, whole and in order",
        lambda: Answer(design, bits),
        {"stream": stream("stream_"), "answer": Checker("answer_rules", ports, parameters)},
        {
            "stream.stays": Mutant("", {"stream__tvalid": "good_stream__tvalid & ~push"}),
            "stream.stable": Mutant("", {"stream__tdata": "good_stream__tdata ^ push"}),
            "answer.once": Mutant("", {"stream__tvalid": "good_stream__tvalid | late"}, late),
            "answer.room": Mutant("", {"ready": "good_ready | good_stream__tlast"}),
            "answer.in_order": Mutant("", {"tag": "flags"}),
            "answer.whole": Mutant("", {"stream__tlast": "good_stream__tvalid"}),
            "answer.leaves": Mutant("", {"stream__tready": "stream__tready & ~push"}),
        },
        depth=20,
        quick=classes == 3,
    )

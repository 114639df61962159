"""Proofs about the buffers: nothing is lost, sent twice or out of order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from remora.hdl.crossbar.result_slots import Result, ResultSlots
from remora.hdl.crossbar.sequence_buffer import SequenceBuffer
from remora.hdl.crossbar.step_packer import StepPacker
from remora.hdl.lib.answer import Answer
from remora.hdl.lib.memory import Memory
from remora.hdl.lib.properties.proof import Checker, Mutant, Proof
from remora.hdl.lib.properties.streams import STREAM, stream
from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib.fixed import unsigned_width
from remora.spec.presets import load_design

HERE = Path(__file__).parent
"""Folder of the checkers of this room."""
ONE = load_design("one", DesignPoint)


def buffers() -> list[Proof]:
    """All of them."""
    return [
        *(_answer(classes) for classes in (1, 2, 3)),
        *(_memory(depth) for depth in (1, 2, 3, 4, 5)),
        *(_packer(features) for features in (1, 3)),
        *(_slots(contexts) for contexts in (2,)),
        *(make(1, 1) for make in (_sequences, _sequence_memory)),
    ]


def _answer(classes: int) -> Proof:
    bits = 5
    parameters = {"CLASSES": classes, "CLASS_BITS": unsigned_width(classes - 1), "SCORE_BITS": bits}
    ports = {name: name for name in ("push", "ready", "decision", "flags", "tag", "scores")}
    ports |= {name: f"stream__{name}" for name in STREAM}
    late = "reg late = 0; always @(posedge clk) late <= good_stream__tvalid && good_stream__tlast;"
    return Proof(
        f"answer-{classes}",
        f"the answer of {classes} classes sends each result once, whole and in order",
        lambda: Answer(ONE.evolve(network={"classes": classes}), bits),
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
        quick=classes == 3,
    )


def _memory(depth: int) -> Proof:
    width, bits = 3, unsigned_width(depth - 1)
    names = ("write", "write_address", "write_data", "read", "read_address", "read_data")
    late = "reg late = 0; always @(posedge clk) late <= write;"
    return Proof(
        f"memory-{depth}",
        f"a memory of {depth} words in flip-flops returns what was written last",
        lambda: Memory(width=width, depth=depth, small_bits=512),
        {
            "memory": Checker(
                "memory_rules",
                {"address": "looked_at", **{name: name for name in names}},
                {"WIDTH": width, "ADDRESS_BITS": bits},
            )
        },
        {"memory.returns": Mutant("", {"read_data": "good_read_data ^ late"}, late)},
        constants={"looked_at": bits},
        # Addresses beyond the memory are the user's fault, which the rules of the macro hold against whole designs.
        assumed={"there": f"write_address < {depth} && read_address < {depth} && looked_at < {depth}"},
        quick=depth == 3,
    )


def _packer(features: int) -> Proof:
    names = [f"beat_{name}" for name in ("data", "count", "last", "valid", "ready")]
    names += ["step_data", "step_valid", "done", "remainder"]
    ports = {"pick": "pick", "picked": "picked", **{name: name for name in names}}
    step = f"good_step_valid ? good_step_data + {8 * features}'d1 : good_step_data"
    return Proof(
        f"step-packer-{features}",
        f"steps of {features} bytes have the bytes of the packet once and in order",
        lambda: StepPacker(ONE.evolve(network={"features": features})),
        {"packer": Checker("packer_rules", ports, {"FEATURES": features}, HERE)},
        {
            "packer.whole": Mutant("", {"beat_count": "3'd4"}),
            "packer.in_order": Mutant("", {"step_data": step}),
            "packer.left_over": Mutant("", {"remainder": "~good_remainder"}),
            "packer.room": Mutant("", {"beat_ready": "1'b1", "beat_valid": "1'b0"}),
            "packer.ends": Mutant("", {"done": "good_done | beat_last"}),
            "packer.ends_soon": Mutant("", {"done": "good_done & ~beat_last"}),
        },
        outside={"pick": 1, "picked": 2},
        # A beat brings four bytes, and the last one fewer, but never none.
        assumed={"count": "beat_count <= 4 && beat_count != 0 && (beat_count == 4 || beat_last)"},
        quick=features == 1,
    )


def _slots(contexts: int) -> Proof:
    design = ONE.evolve(system={"contexts": contexts})
    bits = unsigned_width(2 * contexts - 1)
    fields = list(Result(design).members)
    joined = {end: f"{{{', '.join(f'{end}__{name}' for name in fields)}}}" for end in ("result", "next")}
    width = sum(_width(member.shape) for member in Result(design).members.values())
    ports = {
        "looked_at": "looked_at", "push": "control__push", "number": "number", **joined, "oldest": "oldest",
        "empty": "empty", "leaves": "answer__push", "taker_ready": "answer__ready", "legal": "legal",
    }  # fmt: skip
    return Proof(
        f"result-slots-{contexts}",
        f"the slots of {contexts} contexts let each result out once, in the order of the numbers",
        lambda: ResultSlots(design),
        {"slots": Checker("slots_rules", ports, {"CONTEXTS": contexts, "NUMBER_BITS": bits, "WIDTH": width}, HERE)},
        {
            "slots.in_order": Mutant("", {"oldest": f"good_answer__push ? {bits}'d0 : good_oldest"}),
            "slots.once": Mutant("", {"answer__push": "answer__ready & ~good_empty"}),
            "slots.same": Mutant("", {"next__tag": "good_next__tag ^ control__push"}),
            "slots.told": Mutant("", {"empty": "good_empty | control__push"}),
            "slots.none_stays": Mutant("", {"answer__push": "good_answer__push & ~control__push"}),
        },
        constants={"looked_at": bits},
        wires={"legal": 1},
        assumed={"legal": "legal"},
        quick=True,
    )


def _sequences(features: int, contexts: int) -> Proof:
    design = ONE.evolve(network={"features": features, "max_steps": 2}, system={"contexts": contexts})
    arrived, header, reader = (f"sequences__{each}" for each in ("arrived", "header", "reader"))
    late = f"reg late = 0; always @(posedge clk) late <= {arrived}__take;"
    lost = "reg lost = 0; always @(posedge clk) if (good_dropped != 0) lost <= 1;"
    return Proof(
        f"sequence-buffer-{features}-{contexts}",
        f"{design.banks} banks keep each good packet of {features} feature(s) once, as it came and in order",
        lambda: SequenceBuffer(design),
        {"sequences": _of_sequences(design, False)},
        {
            "sequences.once": Mutant("", {f"{arrived}__available": f"good_{arrived}__available | late"}, late),
            "sequences.comes_soon": Mutant("", {"stream__tkeep": "stream__tkeep & {stream__tdata[31:29] != 5, 3'd7}"}),
            "sequences.in_order": Mutant("", {f"{arrived}__flags": f"good_{header}__flags"}),
            "sequences.whole_head": Mutant("", {"stream__tdata": "stream__tdata ^ {31'd0, abort} ^ 32'h1000000"}),
            "sequences.same": Mutant("", {f"{reader}__step": f"~{reader}__step"}),
            "sequences.own_bank": Mutant("", {f"{header}__free": f"{header}__free | {arrived}__take"}),
            "sequences.told": Mutant("", {"dropped": "good_dropped[4:1] != 0 ? 5'd2 : good_dropped"}),
            "sequences.told_soon": Mutant("", {"dropped": "lost ? 5'd0 : good_dropped"}, lost),
        },
        **_LOOKED_AT,
        depth=40,
        timeout=600,
    )


def _sequence_memory(features: int, contexts: int) -> Proof:
    # Six words: two addresses have none.
    design = ONE.evolve(
        network={"features": features, "max_steps": 3}, system={"contexts": contexts, "small_memory_bits": 0}
    )
    return Proof(
        f"sequence-memory-{features}-{contexts}",
        f"{design.banks} banks of {features} feature(s) ask of their memory what its contract allows",
        lambda: SequenceBuffer(design),
        {"given_use": _of_sequences(design, True)},
        {
            "dut.memory.macro.write_there": Mutant("", pins={"memory.write_address": "~%"}),
            "dut.memory.macro.read_there": Mutant("", pins={"memory.read_address": "~%"}),
            "dut.memory.macro.apart": Mutant("", pins={"memory.read": "1'b1"}),
        },
        macros=("remora_memory",),
        contracts=("remora_memory",),
        **{**_LOOKED_AT, "constants": {"looked_at": 2, "place": 2}},
        depth=40,
        timeout=600,
    )


_LOOKED_AT: dict[str, Any] = {
    "outside": {"follow": 1}, "constants": {"looked_at": 1, "place": 2}, "wires": {"legal": 1},
    "assumed": {"legal": "legal"},
}  # fmt: skip
"""The packet, the step and the byte that are followed, and what the user of sequences does."""


def _of_sequences(design: DesignPoint, given: bool) -> Checker:
    bank, step = unsigned_width(design.banks - 1), unsigned_width(design.network.max_steps - 1)
    arrived, header, reader = (f"sequences__{each}" for each in ("arrived", "header", "reader"))
    ports = {
        **{name: name for name in ("follow", "looked_at", "place", "abort", "dropped", "legal")},
        **{name: f"stream__{name}" for name in STREAM},
        **{name: f"{arrived}__{name}" for name in ("available", "bank", "length", "flags", "take")},
        "header_bank": f"{header}__bank", "header_length": f"{header}__length", "free": f"{header}__free",
        "header": f"{{{', '.join(f'{header}__{part}' for part in ('tag', 'flags', 'label'))}}}",
        "read": f"{reader}__read", "read_bank": f"{reader}__bank", "read_step": f"{reader}__step",
        "features": f"{reader}__features",
    }  # fmt: skip
    parameters = {
        "FEATURES": design.network.features, "BANKS": design.banks, "BANK_BITS": bank, "STEP_BITS": step,
        "LENGTH_BITS": unsigned_width(design.network.max_steps), "MOST_STEPS": design.network.max_steps,
        "GIVEN": int(given),
    }  # fmt: skip
    return Checker("sequences_rules", ports, parameters, HERE)


def _width(shape: object) -> int:
    from amaranth.hdl import Shape

    return Shape.cast(shape).width

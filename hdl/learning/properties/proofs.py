"""Proofs about the blocks that learn."""

from __future__ import annotations

from pathlib import Path

from remora.hdl.learning.index_unit import IndexUnit
from remora.hdl.learning.reservoir import Reservoir
from remora.hdl.learning.update.pulse_queue import PulseQueue
from remora.hdl.lib.properties.proof import Checker, Mutant, Proof
from remora.hdl.lib.threefry import Threefry
from remora.spec.crossbar.cycles import DRAW
from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib.fixed import unsigned_width
from remora.spec.lib.rng import HASH_CYCLES
from remora.spec.presets import load_design

HERE = Path(__file__).parent
"""Folder of the checkers of this room."""
MOST = 255
"""Bounds up to this one are proven: beyond it the comparison is too much for the engine."""


def proofs() -> list[Proof]:
    """All of them."""
    return [
        _hash(),
        *(_index(attempts) for attempts in (1, 2, 3)),
        *(_draw(attempts) for attempts in (1, 2, 3)),
        *(_queue(slots) for slots in (1, 2)),
        _reservoir(3),
    ]


def _hash() -> Proof:
    late = "reg late = 0; always @(posedge clk) late <= good_done;"
    return Proof(
        "hash",
        f"a hash is done {HASH_CYCLES} cycles after its start",
        Threefry,
        {"hash": Checker("hash_rules", {"start": "start", "done": "done", "kept": "kept"}, {"CYCLES": HASH_CYCLES})},
        {"hash.in_time": Mutant("", {"done": "good_done & late"}, late)},
        wires={"kept": 1},
        quick=True,
    )


def _index(attempts: int) -> Proof:
    names = ("start", "done", "index")
    late = "reg late = 0; always @(posedge clk) late <= start;"
    return Proof(
        f"index-unit-{attempts}",
        f"an index is below its bound, up to {MOST}, with {attempts} attempt(s), whatever is drawn",
        lambda: IndexUnit(attempts),
        {
            "draw": Checker(
                "index_rules", {**{name: name for name in names}, "bound": "limit", "legal": "legal"}, {}, HERE
            ),
            "hash": Checker(
                "hash_rules",
                {"start": "hash_start", "done": "hash_done", "kept": "hash_kept"},
                {"CYCLES": HASH_CYCLES, "GIVEN": 1},
            ),
        },
        {
            "draw.below": Mutant("", {"bound": "bound + 32'd1"}),
            "draw.asked": Mutant("", {"done": "good_done | (~start & ~late & number == 0)"}, late),
            "draw.holds": Mutant("", {"index": "good_index ^ {31'd0, start}"}),
        },
        cut=("threefry",),
        inside={f"hash_{name}": (f"hash.{name}", 1) for name in ("start", "done")},
        constants={"limit": 32},
        wires={"legal": 1, "hash_kept": 1},
        assumed={"legal": "legal", "stays": f"bound == limit && limit <= {MOST}", "hash": "hash_kept"},
        relies={"hash": "hash"},
        depth=30,
    )


def _draw(attempts: int) -> Proof:
    return Proof(
        f"draw-{attempts}",
        f"an index comes in time, with {attempts} attempt(s)",
        lambda: IndexUnit(attempts),
        {
            "draw": Checker(
                "draw_rules",
                {"start": "start", "done": "done", "legal": "legal"},
                {"MOST_CYCLES": (DRAW + 1) * attempts, "LEAST_CYCLES": 8},
                HERE,
            )
        },
        {"draw.comes": Mutant("", {"start": "start & ~number[0]"})},
        wires={"legal": 1},
        assumed={"legal": "legal"},
        depth=60,
    )


def _queue(slots: int) -> Proof:
    design = load_design("one", DesignPoint).evolve(learning={"enabled": True, "columns": slots})
    rows, bits = design.hidden_rows, unsigned_width(design.learning.max_pulses)
    parameters = {"SLOTS": slots, "ROWS": rows, "ROW_BITS": unsigned_width(rows - 1), "COUNT_BITS": bits}
    names = ("slot", "room", "begins", "push", "push_slot", "whole", "counts", "raised", "empty", "valid", "take")
    ports = {name: name for name in (*names, "column_counts", "column_raised", "pick", "legal")}
    ports |= {
        "column": "{layer, position_tile, position_of_tile}",
        "column_taken": "{column_layer, column_tile, column_of_tile}",
    }
    late = "reg late = 0; always @(posedge clk) late <= good_valid & take;"
    return Proof(
        f"pulse-queue-{slots}",
        f"columns leave a queue of {slots} slot(s) once each, whole and in order",
        lambda: PulseQueue(design),
        {"queue": Checker("queue_rules", ports, parameters, HERE)},
        {
            "queue.once": Mutant("", {"valid": "good_valid | late"}, late),
            "queue.none_left": Mutant("", {"empty": "good_empty | good_valid"}),
            "queue.fits": Mutant("", {"room": "1'b1"}),
            "queue.in_order": Mutant("", {"counts": "counts ^ layer"}),
        },
        constants={"pick": parameters["ROW_BITS"]},
        wires={"legal": 1},
        assumed={"legal": "legal", "there": f"pick < {rows}"},
    )


def _reservoir(capacity: int) -> Proof:
    design = load_design("one", DesignPoint).evolve(
        network={"max_steps": 2},
        learning={"enabled": True, "replay_capacity": capacity},
        system={"small_memory_bits": 0},
    )
    names = (
        "draw", "drawn", "insert", "inserted", "accepted", "slot", "filled", "insert_length", "length", "read", "step",
        "filled_value", "presented_value", "legal",
    )  # fmt: skip
    words = {"steps": 2 * capacity, "heads": capacity}
    host = {name: f"host_{name}__read || host_{name}__write" for name in words}
    ports = {
        **{name: name for name in names},
        "changed": "load || clear",
        "host": " || ".join(host.values()),
        "host_there": " && ".join(
            f"(!({host[name]}) || host_{name}__address < {count}) && !(host_{name}__read && host_{name}__write)"
            for name, count in words.items()
        ),
    }
    parameters = {
        "CAPACITY": capacity, "MOST_STEPS": 2, "SLOT_BITS": unsigned_width(capacity - 1),
        "FILLED_BITS": unsigned_width(capacity), "STEP_BITS": 1, "LENGTH_BITS": 2,
    }  # fmt: skip
    return Proof(
        f"reservoir-{capacity}",
        f"the reservoir of {capacity} sequences draws one that it holds, and reads and writes words that there are",
        lambda: Reservoir(design),
        {"reservoir": Checker("reservoir_rules", ports, parameters, HERE)},
        {
            "reservoir.holds": Mutant("", pins={"index_unit.bound": "32'd3"}),
            "reservoir.has_room": Mutant("", {"slot": "~good_slot"}),
            "reservoir.asked": Mutant("", {"drawn": "good_drawn | host_heads__read"}),
            "reservoir.steps": Mutant("", {"length": "good_length + 2'd1"}),
            "dut.steps.macro.write_there": Mutant("", pins={"steps.write_address": "~%"}),
            "dut.steps.macro.read_there": Mutant("", pins={"steps.read_address": "~%"}),
            "dut.steps.macro.apart": Mutant("", pins={"steps.read": "1'b1"}),
        },
        macros=("remora_memory",),
        contracts=("remora_memory",),
        cut=("index_unit", "threefry_pipeline_1"),
        inside={
            "index_done": ("index_unit.done", 1),
            "index": ("index_unit.index", 32),
            "bound": ("index_unit.bound", 32),
        },
        wires={"legal": 1},
        assumed={"below": f"!index_done || bound > {MOST} || index < bound", "legal": "legal"},
        relies={"below": "index-unit-1"},
        depth=60,
    )

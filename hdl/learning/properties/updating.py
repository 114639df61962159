"""Proofs about the learning engine: what it promises those who read and program the tiles."""

from __future__ import annotations

from pathlib import Path

from remora.hdl.learning.learning_engine import LearningEngine
from remora.hdl.lib.properties.proof import Bound, Checker, Mutant, Proof
from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib.fixed import unsigned_width

HERE = Path(__file__).parent
"""Folder of the checkers of this room."""
LAYERS = ("readout", "hidden")
"""In the order of their bits."""
FREE = "!(working || start) || done"
"""The engine does not have the tiles in the next cycle."""
DATAPATH = ("error_unit", "group_feedback", "gradients", "history", "update_lane")
"""Blocks of the engine whose numbers and delays its promises do not depend on."""


def lessons(design: DesignPoint, given: bool, prefix: str, **ports: str) -> Checker:
    """What the sequencer promises of updates, by signals ``<prefix>__<name>``."""
    ports |= {name: f"{prefix}__{name}" for name in ("start", "done", "learning", "holding")}
    replays = design.capabilities.replays
    asks = {"asks": ("draw", "insert"), "answers": ("drawn", "inserted")}
    ports |= {port: " || ".join(f"{prefix}__{name}" for name in names) if replays else "1'b0"
              for port, names in asks.items()}  # fmt: skip
    parameters = {"REPLAYS": int(replays), "GIVEN": int(given)}
    return Checker("lessons_rules", ports, parameters, HERE)


def answered(prefix: str, awaited: str) -> str:
    """The reservoir answers what it has been asked before."""
    return f"!({prefix}__drawn || {prefix}__inserted) || {awaited}"


def lessons_mutants(design: DesignPoint, checker: str, prefix: str) -> dict[str, Mutant]:
    """Mutants of `lessons`, whose checker has that name, of the top."""
    start, learning, holding = (f"{prefix}__{name}" for name in ("start", "learning", "holding"))
    mutants = {
        f"{checker}.one": Mutant("", {start: f"good_{start} | good_{learning}"}),
        f"{checker}.same": Mutant("", {learning: f"good_{learning} & ~{prefix}__done"}),
        f"{checker}.waits": Mutant("", {holding: "1'b0"}),
    }
    if design.capabilities.replays:
        mutants[f"{checker}.turns"] = Mutant("", {f"{prefix}__draw": f"good_{prefix}__draw | good_{start}"})
    return mutants


def updates(design: DesignPoint, given: bool, prefix: str, busy: str, **ports: str) -> Checker:
    """What the engine promises, by signals that begin with a prefix."""
    names = {"pulses": "pulse", "sensed": "sensed", "up": "up", "down": "down"}
    pulsed = {port: both(f"{prefix}program_{{}}__{name}") for port, name in names.items()}
    told = {name: f"{prefix}{name}" for name in ("start", "done", "give_up")}
    parameters = {"ROWS": 2 * design.crossbar.rows, "GIVEN": int(given)}
    return Checker("updates_rules", {**pulsed, **told, "busy": busy, **ports}, parameters, HERE)


def owners(given: bool, busy: str, pulses: str, free: str, kept: str = "") -> Checker:
    """After whose pulses tiles are busy; of both layers, the hidden one at the bottom."""
    return Checker("owners_rules", {"busy": busy, "pulses": pulses, "free": free, "kept": kept},
                   {"GIVEN": int(given)}, HERE)  # fmt: skip


def both(pattern: str) -> str:
    """A signal of both layers, in the order of `LAYERS`."""
    return f"{{{', '.join(pattern.format(layer) for layer in LAYERS)}}}"


def engine(name: str, design: DesignPoint) -> Proof:
    """What the learning engine promises."""
    busy = both("program_{}__busy")
    return Proof(
        f"engine-{name}",
        f"{name}: the learning engine pulses what it has sensed, while it is at work, and ends after the last pulse",
        lambda: LearningEngine(design),
        {
            "update": updates(design, False, "", f"{busy} != 0", working="working"),
            "given_pulses": owners(True, busy, both("program_{}__pulse"), FREE, "pulses_kept"),
        },
        {
            "update.at_work": Mutant("", {"done": "good_done | load_updates"}),
            "update.sensed_first": Mutant("", {"program_hidden__sensed": "1'b1"}),
            "update.one_way": Mutant("", {"program_hidden__up": "good_program_hidden__up | good_program_hidden__down"}),
            "update.ended": Mutant("", {"program_readout__busy": "1'b0"}),
        },
        macros=("remora_memory",),
        cut=DATAPATH,
        wires={"working": 1, "pulses_kept": 1},
        assumed={"pulses": "pulses_kept", "alone": "!start || !working", "rested": f"!start || {busy} == 0"},
        relies={"pulses": f"pulses-{name}", "alone": f"core-{name}", "rested": f"core-{name}"},
        earlier=("alone", "rested"),
        depth=60,
        timeout=600,
    )


MOST_CYCLES, FEEDBACK_AWAY = 150, 24
"""Of an update of the proof `ends`, and for how long errors and feedback are not there at the most."""
ERROR, LAUNCH = 1, 2
"""States of the engine in which it waits for errors, and for feedback."""


def ends(name: str, design: DesignPoint) -> Proof:
    """The learning engine comes back from the first update after a reset, whatever numbers and flags it is given.

    The length of the sequence stays, because its bank is held until the update has ended (`Sequencer`), and no sequence
    starts before the accumulators are clear.
    """
    # A pulse and the flags after it, where the next column is chosen meanwhile.
    busy, settling = design.crossbar.pulse_cycles + 1, design.cycles.pulse - 1 + design.crossbar.sense_cycles + 1
    there = {
        f"{both('program_{}__busy')} == 0": busy, f"{both('program_{}__sensed')} == 2'b11": settling,
        f"state != {ERROR} || error_done": FEEDBACK_AWAY, f"state != {LAUNCH} || full": FEEDBACK_AWAY,
    }  # fmt: skip
    names = ("start", "done", "preparing", "length", "working", "prompt")
    ports = {**{each: each for each in names}, "in_error": f"state == {ERROR}", "there": f"{{{', '.join(there)}}}"}
    most_steps = design.network.max_steps
    parameters = {
        "MOST_CYCLES": MOST_CYCLES, "MOST_STEPS": most_steps, "LENGTH_BITS": unsigned_width(most_steps),
        "AWAY": sum(away << 8 * index for index, away in enumerate(reversed(there.values()))),
    }  # fmt: skip
    return Proof(
        f"ends-{name}",
        f"{name}: the first update after a reset ends within {MOST_CYCLES} cycles where nothing is awaited for long",
        lambda: LearningEngine(design),
        {"update": Checker("comes_rules", ports, parameters, HERE)},
        {
            "update.comes": Mutant("", {"program_hidden__busy": "1'b1"}),
            "update.prepares": Mutant("", {"preparing": "good_preparing | start"}),
        },
        macros=("remora_memory",),
        cut=DATAPATH,
        inside={"error_done": ("error_unit.done", 1), "full": ("group_feedback.full", 1), "state": ("fsm_state", 3)},
        wires={"prompt": 1, "working": 1},
        assumed={"prompt": "prompt", "cleared": "!start || !clearing", "alone": "!start || !working"},
        relies={"alone": f"core-{name}"},
        earlier=("alone",),
        bounded={"update.comes": Bound(190, "PDR does not find how far each block is in every cycle of an update")},
        depth=170,
        timeout=600,
    )

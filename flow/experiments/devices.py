"""Real devices: the same network learnt on a chip, moved to a chip, and healed there by replaying the reservoir.

Permuted MNIST in five tasks, with replay, beside the ideal chip of the same seed. *Learnt*: the chip itself learns.
*Moved*: the network that the ideal chip has learnt is programmed as exactly as the devices take it, and some chips age
then. *Healed*: healing replays of the ideal chip's reservoir follow, a number that is fixed beforehand.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from remora.flow.experiments.figures import Chart, Map, Panel
from remora.flow.experiments.learners import ChipLearner
from remora.flow.experiments.runner import Conclusion, Context, Options, Unit
from remora.flow.experiments.settings import SomeOf, Whole
from remora.flow.experiments.streams import TASKS, TaskStream, permuted_mnist, presented
from remora.flow.systems.crossbar.train import data_digest
from remora.golden.learning.checkpoint import Checkpoint
from remora.spec.crossbar.design import DesignPoint
from remora.spec.devices.model import ticks
from remora.spec.devices.section import Devices
from remora.spec.devices.suggestions import suggestion

SUMMARY = "permuted MNIST learnt on real devices, moved to them, and healed there by replay, against ideal ones"
TAKES_SEQUENCES = True
SEQUENCES, QUICK_SEQUENCES = 20_000, 300
TEST_LIMIT, QUICK_TEST_LIMIT = 10_000, 200
REPLAY, QUICK_REPLAY = (
    {"replay_capacity": 2500, "replay_ratio": 3},
    {"replay_capacity": 100, "replay_ratio": 1},
)
HEAL, QUICK_HEAL = 50_000, 300
"""Healing replays: 50,000 are some ten seconds of a chip at 20 MHz."""
YEAR = 365.25 * 86400
LEVEL = 1 / 31
"""Of the range, of 32 levels."""
IDEAL = "ideal"
CHIPS: dict[str, dict[str, Any]] = {
    IDEAL: {},
    "spread-10": {
        "step_spread": 0.1, "rest_spread": 0.1 * LEVEL, "full_spread": 0.1, "cycle_noise": 0.3,
        "cycle_noise_range": 0.2 * LEVEL, "read_noise": 0.01, "converter_noise": 0.5,
    },
    "stuck-5": {"stuck_rest": 0.025, "stuck_full": 0.025},
    "stuck-10": {"stuck_rest": 0.05, "stuck_full": 0.05},
    "offset-8": {"converter_offset": 8.0},
    **{name: {"model": name} for name in ("taox-hfox", "epiram", "ag-asi", "om-array", "hfo2-array", "ecram", "pcm")},
    "pcm-10y": {"model": "pcm"},
}  # fmt: skip
"""Chip → its section ``[devices]``."""
AGED = {"pcm-10y": 10 * YEAR}
"""Chip → seconds by which it ages after the network has moved to it; it is not learnt on."""
DEFAULT_CHIPS = ("spread-10", "stuck-5", "stuck-10", "offset-8", "taox-hfox", "om-array", "pcm-10y")
QUICK_CHIPS = ("stuck-5", "taox-hfox")
SETTINGS = {
    "chips": SomeOf("kinds of devices, the ideal ones besides", tuple(name for name in CHIPS if name != IDEAL)),
    "heal": Whole("healing replays", 1, 10_000_000),
}


def plan(options: Options) -> list[Unit]:
    """What each chip learns, and one unit that moves what the ideal chip has learnt to all of them."""
    stream = permuted_mnist(options.seed)
    names = (IDEAL, *options.settings.get("chips", QUICK_CHIPS if options.quick else DEFAULT_CHIPS))
    designs = {name: _design(stream.design, options, name) for name in names}
    common: dict[str, Any] = {
        "tasks": TASKS,
        "weights": stream.weights.__name__,
        "sequences_per_task": options.sequences or (QUICK_SEQUENCES if options.quick else SEQUENCES),
        "test_limit": QUICK_TEST_LIMIT if options.quick else TEST_LIMIT,
        "data": data_digest(stream.task(0)[0]),
    }
    heal = options.settings.get("heal", QUICK_HEAL if options.quick else HEAL)
    count = TASKS * common["sequences_per_task"]
    units = []
    for name in names:
        if name not in AGED:
            parameters = {"kind": "learn", "chip": name, "design": _written(designs[name]), **common}
            units.append(Unit(parameters, count, partial(_learn, stream, designs[name], parameters)))
    moved = {name: _written(design) for name, design in designs.items()}
    ages = {name: AGED[name] for name in names if name in AGED}
    parameters = {"kind": "move", "designs": moved, "ages": ages, "heal": heal, **common}
    units.append(Unit(parameters, count + heal * len(names), partial(_move, stream, designs, parameters)))
    return units


def _design(base: DesignPoint, options: Options, name: str) -> DesignPoint:
    """A chip of a kind; its seed is that of the run, and its accumulators suit its pulses."""
    devices = CHIPS[name] | ({"seed": options.seed} if CHIPS[name] else {})
    learning = {**(QUICK_REPLAY if options.quick else REPLAY), "enabled": True, "healing": True}
    base = base.evolve(learning=learning)
    asked: dict[str, Any] = suggestion(base, Devices(**devices)).changes if devices else {}
    return base.evolve(devices=devices, **asked)


def _written(design: DesignPoint) -> dict[str, Any]:
    return design.model_dump(mode="json", exclude_none=True)


def _learn(stream: TaskStream, design: DesignPoint, parameters: dict, context: Context) -> dict:
    learner = _learnt(stream, design, parameters, context)
    return {"kind": "learn", "chip": parameters["chip"], **_reached(stream, learner, parameters), **_wear(learner)}


def _learnt(stream: TaskStream, design: DesignPoint, parameters: dict, context: Context) -> ChipLearner:
    """A chip that has learnt all tasks."""
    learner, count = ChipLearner(design, stream.weights(design)), parameters["sequences_per_task"]
    for task in range(TASKS):
        data, _ = stream.task(task)
        for chosen in presented(data, count, design.learning.seed, task).tolist():
            learner.learn(data.sequence(chosen), int(data.y[chosen]))
            context.advance(1)
    return learner


def _reached(stream: TaskStream, learner: ChipLearner, parameters: dict) -> dict:
    tests = (stream.task(task)[1] for task in range(TASKS))
    found = [learner.accuracy(test.first(min(parameters["test_limit"], len(test)))) for test in tests]
    return {"accuracy": float(np.mean(found)), "by_task": found}


def _wear(learner: ChipLearner) -> dict:
    """Pulses in all, and of the device that took most; that of ideal devices is not counted."""
    devices = learner.checkpoint().devices
    worst = max(int(layer.n.max()) for layer in devices.layers) if devices else None
    return {"pulses": learner.counts["pulses_applied"], "worst_device": worst}


def _move(stream: TaskStream, designs: dict[str, DesignPoint], parameters: dict, context: Context) -> dict:
    """The ideal chip's network on every chip, before and after healing."""
    ideal = _learnt(stream, designs[IDEAL], parameters, context).checkpoint()
    chips = {}
    for name, design in designs.items():
        learner = ChipLearner.of(design, _programmed(ideal))
        if age := parameters["ages"].get(name):
            learner.age(ticks(design.devices, age))
        moved = _reached(stream, learner, parameters)
        for done in range(0, parameters["heal"], HEAL_CHUNK):
            part = min(HEAL_CHUNK, parameters["heal"] - done)
            learner.heal(part)
            context.advance(part)
        chips[name] = {"moved": moved, "healed": _reached(stream, learner, parameters)}
    return {"kind": "move", "chips": chips, "heal": parameters["heal"]}


HEAL_CHUNK = 1000
"""Healing replays between two movements of the progress bar."""


def _programmed(ideal: Checkpoint) -> Checkpoint:
    """Weights and reservoir of the ideal chip, for fresh devices; what its accumulators held stays there."""
    hidden, readout = (np.zeros_like(each) for each in (ideal.hidden_accumulators, ideal.readout_accumulators))
    return replace(ideal, hidden_accumulators=hidden, readout_accumulators=readout)


def conclude(options: Options, results: list[dict]) -> Conclusion:
    """A row a chip: accuracy learnt, moved and healed, points lost against the ideal chip, and pulses."""
    learnt = {one["chip"]: one for one in results if one["kind"] == "learn"}
    (move,) = (one for one in results if one["kind"] == "move")
    control = learnt[IDEAL]
    chips = {}
    for name, found in move["chips"].items():
        own = learnt.get(name)
        chips[name] = {
            "moved": found["moved"]["accuracy"],
            "healed": found["healed"]["accuracy"],
            "healed_share": found["healed"]["accuracy"] / control["accuracy"],
            "lost_moved": control["accuracy"] - found["moved"]["accuracy"],
            "lost_healed": control["accuracy"] - found["healed"]["accuracy"],
        }
        if own:
            chips[name] |= {
                "learnt": own["accuracy"],
                "lost_learnt": control["accuracy"] - own["accuracy"],
                "pulses": own["pulses"],
                "pulses_of_ideal": own["pulses"] / max(1, control["pulses"]),
            }
            chips[name] |= {"worst_device": own["worst_device"]} if own["worst_device"] is not None else {}
    result = {"chips": chips, "heal": move["heal"], "accuracy": control["accuracy"]}
    return Conclusion(result, {"chips": _draw(result)}, _lines(result))


def over_seeds(mean: dict, spread: dict) -> Conclusion:
    """The same of several seeds, each chip beside the ideal one of its seed."""
    return Conclusion({}, {"chips": _draw(mean)}, _lines(mean, spread))


COLUMNS = ("learnt", "moved", "healed")


def _draw(result: dict) -> Chart:
    names = list(result["chips"])
    values = [[one.get(column, float("nan")) for column in COLUMNS] for one in result["chips"].values()]
    text = [[f"{value:.1%}" if value == value else "" for value in row] for row in values]
    shown = Map(COLUMNS, names, values, "accuracy, share of sequences", text, 0, 1)
    return Chart([Panel("permuted MNIST on real devices", "how the chip got its network", "devices", [shown])])


def _lines(result: dict, spread: dict | None = None) -> tuple[str, ...]:
    lines = [f"ideal devices: {result['accuracy']:.1%}; {round(result['heal']):,} healing replays"]
    for name, one in result["chips"].items():
        parts = []
        for column in COLUMNS:
            if column in one:
                deviation = f" ± {100 * spread['chips'][name][f'lost_{column}']:.1f}" if spread else ""
                parts.append(f"{column} {one[column]:.1%} ({-100 * one[f'lost_{column}']:+.1f}{deviation})")
        pulses = f", {one['pulses_of_ideal']:.2g} times the pulses" if "pulses_of_ideal" in one else ""
        lines.append(f"{name}: {', '.join(parts)}{pulses}")
    return tuple(lines)

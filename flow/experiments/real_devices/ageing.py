"""Ageing: what years cost a network that has moved to a chip, what healing gives back, and the energy of healing.

*Aged*: the ideal chip's network moves to fresh devices, which age at once. *Scaled*: then each layer gets the gain that
two self-tests tell, one before and one after. *Healed*: without these gains healing replays of the ideal
chip's reservoir follow. *Kept*: a chip is healed at every age, one after the other. The reservoir may have been lost
meanwhile: then it is empty, or holds whatever its memory woke up with.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from remora.flow.experiments.learners import ChipLearner
from remora.flow.experiments.real_devices.course import Course, heal, written
from remora.flow.experiments.real_devices.drift_gain import weigh, with_gains
from remora.flow.experiments.real_devices.rungs import HEAL, HEAL_SETTING, IDEAL, QUICK_HEAL
from remora.flow.experiments.runner import Conclusion, Options
from remora.flow.experiments.seeds import half_interval
from remora.flow.experiments.settings import SomeOf, Whole
from remora.flow.report.figures import Chart, Curve, Guide, Map, Panel
from remora.flow.sweep.units import Context, Unit
from remora.golden.learning.reservoir import ReservoirState
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.learning import REPLAY_FACTOR
from remora.spec.devices.model import ticks

SUMMARY = "permuted MNIST on devices that age by up to ten years, with and without healing, and the energy of both"
TAKES_SEQUENCES = True
HOUR, DAY, YEAR = 3600.0, 86400.0, 365.25 * 86400
CHIPS: dict[str, dict[str, Any]] = {
    "pcm": {"model": "pcm"},
    "drift-only": {"drift": 0.05, "drift_spread": 0.015, "drift_start": 20.0},
}
"""Chip → its section ``[devices]``. Of ``drift-only`` the conductance falls with the exponent 0.05 ± 0.015, and nothing
else errs."""
AGES = {"1h": HOUR, "1d": DAY, "30d": 30 * DAY, "1y": YEAR, "10y": 10 * YEAR}
"""Name → seconds since the network has moved to the chip, rising."""
QUICK_AGES = ("1d", "10y")
RESERVOIRS = ("empty", "garbage")
"""What became of a reservoir that was lost."""
GARBAGE_SEED = 0x5EED
MICROWATTS, PICOWATTS = 9800, 10
SETTINGS = {
    "chips": SomeOf("kinds of devices, the ideal ones besides", tuple(CHIPS)),
    "ages": SomeOf("ages", tuple(AGES)),
    "heal": HEAL_SETTING,
    "microwatts": Whole("power of the chip while it replays, microwatts", 1, 10**9),
    "picowatts": Whole("power that keeps a bit of the reservoir's memory, picowatts", 1, 10**9),
}


def plan(options: Options) -> list[Unit]:
    """A unit for each chip and age, one that keeps it healthy, and one for each way to lose the reservoir."""
    course, units = Course.of(options), []
    count = options.settings.get("heal", QUICK_HEAL if options.quick else HEAL)
    ages = _ages(options)
    for name, section in {IDEAL: {}, **{name: CHIPS[name] for name in options.settings.get("chips", CHIPS)}}.items():
        design = course.chip(section)
        common = {"chip": name, "design": written(design), "heal": count, **course.parameters}
        if name == IDEAL:  # nothing ages: the undamaged control
            kinds: list[dict[str, Any]] = [{"kind": "aged", "age": "0", "seconds": 0.0}]
        else:
            kinds = [{"kind": "aged", "age": age, "seconds": ages[age]} for age in ages]
            kinds += [{"kind": "lost", "reservoir": how, "seconds": max(ages.values())} for how in RESERVOIRS]
        kinds.append({"kind": "kept", "ages": ages})
        for kind in kinds:
            own = {**kind, **common}
            cost = count * len(ages) if kind["kind"] == "kept" else count
            units.append(Unit(own, cost, partial(WORK[kind["kind"]], course, design, own)))
    return units


def _ages(options: Options) -> dict[str, float]:
    return {name: AGES[name] for name in options.settings.get("ages", QUICK_AGES if options.quick else AGES)}


def _aged(course: Course, design: DesignPoint, parameters: dict, context: Context) -> dict:
    learner = course.moved(design, context)
    before = weigh(design, learner)
    learner.age(ticks(design.devices, parameters["seconds"]))
    aged = course.reached(learner)
    gained, gains = with_gains(design, learner, before)
    scaled = course.reached(gained)
    heal(learner, parameters["heal"], context.advance)
    return _said(parameters, "age", aged=aged, scaled=scaled, gains=gains, healed=course.reached(learner))


def _kept(course: Course, design: DesignPoint, parameters: dict, context: Context) -> dict:
    learner, before, found = course.moved(design, context), 0.0, {}
    for name, seconds in parameters["ages"].items():
        learner.age(ticks(design.devices, seconds - before))
        heal(learner, parameters["heal"], context.advance)
        before, found[name] = seconds, course.reached(learner)
    return _said(parameters, kept=found)


def _lost(course: Course, design: DesignPoint, parameters: dict, context: Context) -> dict:
    """Healing replays of a reservoir that was lost."""
    learner = course.moved(design, context)
    learner.age(ticks(design.devices, parameters["seconds"]))
    state = learner.checkpoint()
    assert state.reservoir is not None
    lost = ReservoirState.empty(design) if parameters["reservoir"] == "empty" else garbage(state.reservoir, design)
    learner = ChipLearner.of(design, replace(state, reservoir=lost))
    heal(learner, parameters["heal"], context.advance)
    return _said(parameters, "reservoir", healed=course.reached(learner), replays=learner.counts["sequences_presented"])


WORK = {"aged": _aged, "kept": _kept, "lost": _lost}


def _said(parameters: dict, *names: str, **found: Any) -> dict:
    return {**{name: parameters[name] for name in ("kind", "chip", "heal", *names)}, **found}


def garbage(held: ReservoirState, design: DesignPoint) -> ReservoirState:
    """A reservoir as full as another, of random bits: what a memory that lost its supply wakes up with. Rule M10."""
    random, network, shape = np.random.default_rng(GARBAGE_SEED), design.network, held.features.shape
    return replace(
        held,
        features=random.integers(0, REPLAY_FACTOR, shape, np.uint8, endpoint=True),
        steps=random.integers(1, network.max_steps, shape[:1], np.int64, endpoint=True),
        labels=random.integers(0, network.classes, shape[:1], np.int64),
    )


def energy(design: DesignPoint, replays: int, seconds: float, microwatts: int, picowatts: int) -> dict[str, float]:
    """Joules of healing replays, and of keeping the reservoir supplied meanwhile.

    Args:
        replays: of sequences of the most steps, without pulses.
        seconds: for which the memory is supplied.
        microwatts: power of the chip while it replays.
        picowatts: power that keeps a bit of memory.
    """
    replay = design.cycles.fewest_replay(design.network.max_steps) / (1e6 * design.system.clock_mhz)
    kept = 8 * design.replay_bytes * picowatts * 1e-12
    return {
        "replay": replay * microwatts * 1e-6,
        "healing": replays * replay * microwatts * 1e-6,
        "healing_seconds": replays * replay,
        "memory_watts": kept,
        "memory": kept * seconds,
    }


def conclude(options: Options, results: list[dict]) -> Conclusion:
    """Accuracy aged, healed and kept by chip and age, with the reservoir lost, and the energies."""
    ages, settings = _ages(options), options.settings
    chips: dict[str, dict[str, Any]] = {}
    for one in results:
        chip = chips.setdefault(one["chip"], {way: {} for way in (*WAYS, "lost")})
        if one["kind"] == "aged":
            for way in ("aged", "scaled", "healed"):
                chip[way][one["age"]] = one[way]["accuracy"]
        elif one["kind"] == "kept":
            chip["kept"] = {age: found["accuracy"] for age, found in one["kept"].items()}
        else:
            chip["lost"][one["reservoir"]] = {"healed": one["healed"]["accuracy"], "replays": one["replays"]}
    control = chips[IDEAL]["aged"]["0"]
    for chip in chips.values():
        for way in WAYS:
            chip[f"below_{way}"] = {age: control - value for age, value in chip[way].items()}
    count, last = results[0]["heal"], max(ages.values())
    power = {name: settings.get(name, value) for name, value in (("microwatts", MICROWATTS), ("picowatts", PICOWATTS))}
    joules = energy(Course.of(options).chip({}), count, last, **power)
    result = {"chips": chips, "ages": ages, "heal": count, "accuracy": control, "energy": joules | power}
    return Conclusion(result, _charts(result), _lines(result))


WAYS = ("aged", "scaled", "healed", "kept")


def over_seeds(mean: dict, spread: dict) -> Conclusion:
    """The same of several seeds, each chip beside the ideal one of its seed."""
    return Conclusion({}, _charts(mean, spread), _lines(mean, spread))


def _charts(result: dict, spread: dict | None = None) -> dict[str, Chart]:
    ages, charts = result["ages"], {}
    x = list(ages.values())
    for name, chip in result["chips"].items():
        if name != IDEAL:
            curves: list[Curve | Guide] = []
            for way in WAYS:
                deviation = [spread["chips"][name][way][age] for age in ages] if spread else None
                curves.append(Curve(way, x, [chip[way][age] for age in ages], deviation))
            curves.append(Guide("ideal chip", [x[0], x[-1]], [result["accuracy"]] * 2, "--"))
            panel = Panel(f"{name} over the years", "age, seconds", "accuracy", curves, x_log=True, y_span=(0, 1))
            charts[name] = Chart([panel])
        rows = _rows(chip)
        values = [[_below(result, spread, name, age, way) for way in WAYS] for age in rows]
        lost = [[value for value, _ in row] for row in values]
        text = [["" if value != value else f"{value:.1f}{within}" for value, within in row] for row in values]
        shown = Map(WAYS, rows, lost, "points of accuracy lost", text)
        charts[f"lost-{name}"] = Chart([Panel(f"{name} below the ideal chip", "what was done", "age", [shown])])
    return charts


def _rows(chip: dict) -> list[str]:
    return list(dict.fromkeys((*chip["aged"], *chip["kept"])))


def _below(result: dict, spread: dict | None, name: str, age: str, way: str) -> tuple[float, str]:
    """Points below the ideal chip, and half the 95 % interval of their mean where there are several seeds."""
    found = result["chips"][name][f"below_{way}"].get(age, float("nan"))
    if spread is None or found != found:
        return 100 * found, ""
    half = half_interval(spread["chips"][name][f"below_{way}"][age], len(result["seeds"]))
    return 100 * found, f" ± {100 * half:.1f}"


def _lines(result: dict, spread: dict | None = None) -> tuple[str, ...]:
    lines = [f"ideal devices: {result['accuracy']:.1%}; {round(result['heal']):,} healing replays"]
    for name, chip in result["chips"].items():
        for age in _rows(chip):
            parts = []
            for way in WAYS:
                if age in chip[way]:
                    below, within = _below(result, spread, name, age, way)
                    parts.append(f"{way} {chip[way][age]:.1%} ({0 - below:+.1f}{within})")
            lines.append(f"{name}, {age}: {', '.join(parts)}")
        for how, one in chip["lost"].items():
            replays = round(one["replays"])
            lines.append(f"{name}, reservoir {how}: {one['healed']:.1%} after {replays:,} healing replays")
    joules = result["energy"]
    lines.append(
        f"energy: healing {joules['healing']:.3g} J in {joules['healing_seconds']:.3g} s; keeping the reservoir "
        f"supplied to the last age {joules['memory']:.3g} J ({1e6 * joules['memory_watts']:.3g} microwatts)"
    )
    return tuple(lines)

"""Direct feedback alignment on chip against backpropagation through time in software, on one task, online.

Accuracy on the test set against sequences seen, and how well the fixed random feedback is aligned: the angle between
the hidden units' teaching signal, Ψᵀe, and what backpropagation would send them, V e; and the angle between the two
gradients of the hidden layer. 90° is no relation at all; below 90° the update descends.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from remora.flow.experiments.learners import ChipLearner, SoftwareLearner
from remora.flow.experiments.runner import Conclusion, Options
from remora.flow.experiments.streams import presented
from remora.flow.report.figures import Chart, Curve, Guide, Panel
from remora.flow.sweep.units import Context, Unit
from remora.flow.systems.crossbar.train import data_digest
from remora.golden.crossbar.weights import initial_weights
from remora.golden.data.load import SequenceSet, load
from remora.golden.learning.kernel.rules import feedback_matrix
from remora.golden.offline.float_model import FloatModel, to_float
from remora.spec.crossbar.design import DesignPoint
from remora.spec.presets import load_design

SUMMARY = "direct feedback alignment against backpropagation through time on one task, and the feedback's alignment"
TAKES_SEQUENCES = True
SEQUENCES, QUICK_SEQUENCES = 20_000, 1500
TEST_LIMIT, QUICK_TEST_LIMIT = 2000, 300
PROBE = 256
"""Test sequences over which angles are taken."""
READINGS = 20
SOFTWARE_BATCH, SOFTWARE_RATE = 16, 2e-2
RULES = ("accumulate", "direct", "software")


def plan(options: Options) -> list[Unit]:
    """One unit a learning rule."""
    design = load_design("mnist", DesignPoint).evolve(learning={"seed": options.seed})
    train, test = load(design, "mnist")
    count = options.sequences or (QUICK_SEQUENCES if options.quick else SEQUENCES)
    test = test.first(min(len(test), QUICK_TEST_LIMIT if options.quick else TEST_LIMIT))
    units = []
    for rule in RULES:
        chosen = design.evolve(learning={"update": "direct"}) if rule == "direct" else design
        parameters = {
            "rule": rule,
            "design": chosen.model_dump(mode="json"),
            "sequences": count,
            "readings": READINGS,
            "data": [data_digest(train), data_digest(test)],
        }
        if rule == "software":
            parameters |= {"batch": SOFTWARE_BATCH, "rate": SOFTWARE_RATE}
        units.append(Unit(parameters, count, partial(_learn, rule, chosen, train, test, count)))
    return units


def _readings(count: int) -> set[int]:
    """Numbers of sequences after which there is a reading; the first is before any."""
    return {round(count * number / READINGS) for number in range(READINGS + 1)}


def _learn(rule: str, design: DesignPoint, train: SequenceSet, test: SequenceSet, count: int, context: Context) -> dict:
    weights, readings, positions = initial_weights(design), [], _readings(count)
    chip = None if rule == "software" else ChipLearner(design, weights)
    learner = chip or SoftwareLearner(design, weights, SOFTWARE_BATCH, SOFTWARE_RATE)
    for done, chosen in enumerate([None, *presented(train, count, design.learning.seed, 0).tolist()]):
        if chosen is not None:
            learner.learn(train.sequence(chosen), int(train.y[chosen]))
            context.advance(1)
        if done in positions:
            learner.finish()
            readings.append({"sequences": done, "accuracy": learner.accuracy(test)})
            if chip:
                model = FloatModel.of(design, chip.weights, np.float64)
                readings[-1] |= alignment(design, model, test.first(min(PROBE, len(test))))
    return {"rule": rule, "readings": readings, **learner.counts}


def alignment(design: DesignPoint, model: FloatModel, probe: SequenceSet) -> dict[str, float]:
    """Angles in degrees between what DFA does and what backpropagation of the same error would do.

    ``feedback_angle``: mean over the sequences of the angle between Ψᵀe and V e, both (hidden,).
    ``gradient_angle``: angle between the two gradients of the hidden layer, summed over the sequences.
    """
    x = to_float(design, probe.x, np.float64)
    error = np.clip(0.5 + model.forward(x) / 4, 0, 1)
    error[np.arange(len(probe)), probe.y] -= 1
    feedback = feedback_matrix(design) * 2.0**-design.learning.feedback_shift
    sent, true = error @ feedback, error @ model.readout[:-1].T
    feedback_angle = float(angles(sent, true).mean())
    gradients = (gradient[0].ravel() for gradient in (model.dfa(x, feedback, error), model.backward(x, error)))
    return {"feedback_angle": feedback_angle, "gradient_angle": float(angles(*gradients))}


def angles(first: NDArray, second: NDArray) -> NDArray[np.float64]:
    """Angles in degrees between vectors along the last axis; 90 where one of them is zero."""
    lengths = np.linalg.norm(first, axis=-1) * np.linalg.norm(second, axis=-1)
    cosines = np.sum(first * second, axis=-1) / np.maximum(lengths, np.finfo(float).tiny)
    return np.degrees(np.arccos(np.clip(cosines, -1, 1)))


def conclude(options: Options, results: list[dict]) -> Conclusion:
    """Curves of every rule; the last reading of each in words."""
    final = {one["rule"]: one["readings"][-1] for one in results}
    result = {"rules": {one["rule"]: one for one in results}, "final": final}
    return Conclusion(result, {"curves": _draw(result)}, _lines(result))


def over_seeds(mean: dict, spread: dict) -> Conclusion:
    """The same of several seeds."""
    return Conclusion({}, {"curves": _draw(mean, spread)}, _lines(mean, spread))


def _draw(result: dict, spread: dict | None = None) -> Chart:
    accuracies: list[Curve] = []
    angles_: list[Curve | Guide] = []
    for number, (rule, one) in enumerate(result["rules"].items()):
        deviations = spread["rules"][rule]["readings"] if spread else None
        accuracies.append(_curve(one["readings"], "accuracy", deviations, rule, number))
        for key, line in (("feedback_angle", "-"), ("gradient_angle", "--")):
            if key in one["readings"][0]:
                label = f"{rule}, {key.removesuffix('_angle')}"
                angles_.append(_curve(one["readings"], key, deviations, label, number, line))
    ends = [0, max(one["readings"][-1]["sequences"] for one in result["rules"].values())]
    angles_.append(Guide("90°: unrelated", ends, [90, 90]))
    seen = "training sequences seen"
    return Chart(
        [
            Panel("accuracy on unseen digits", seen, "accuracy, share of sequences", accuracies, y_span=(0, 1)),
            Panel("alignment with backpropagation", seen, "angle, degrees", angles_, y_span=(0, 100)),
        ]
    )


def _curve(
    readings: list[dict], key: str, deviations: list[dict] | None, label: str, number: int, line: str = "-"
) -> Curve:
    """One curve, with standard deviations where there are several seeds."""
    seen, values = ([reading[name] for reading in readings] for name in ("sequences", key))
    return Curve(label, seen, values, [one[key] for one in deviations] if deviations else None, line, number)


def _lines(result: dict, spread: dict | None = None) -> tuple[str, ...]:
    lines = []
    for rule, last in result["final"].items():
        deviation = f" ± {100 * spread['final'][rule]['accuracy']:.1f}" if spread else ""
        lines.append(f"{rule}: {last['accuracy']:.1%}{deviation} after {round(last['sequences']):,} sequences")
    at_end = (result["final"]["accumulate"][key] for key in ("feedback_angle", "gradient_angle"))
    lines.append("accumulate, at the end: feedback {:.0f}°, gradient {:.0f}° from backpropagation".format(*at_end))
    return tuple(lines)

"""What the examples of ``docs/arithmetic.md`` call: golden behind short names that take and give plain numbers.

Nothing is computed here. Every function lays out a small case, runs golden, and picks from what golden gives.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np

from golden.analog import AnalogCore
from golden.analog_clips import Ballot, FramePacket, Intake, VoteSettings
from golden.analog_codes import export_network
from golden.analog_codes import feature_codes as dac_codes
from golden.analog_devices import AnalogLayer, CellBiases, bias_currents
from golden.bistable import BistableDatapath
from golden.bistable_export import quantise
from golden.bmru_network import BmruNetwork
from golden.cell import Coefficients, StateBlend, WordStreamer, signed_candidates
from golden.cell import feature_words as words_of_bytes
from golden.crossbar import TiledLayer
from golden.data import SequenceSet
from golden.learn_trace import LearningReference, checksum
from golden.learning import DfaTrainer, feedback_matrix, output_error
from golden.learning import winning_units as winners_of
from golden.learning_settings import LearningSettings
from golden.miru import infer
from golden.pulses import Writes, make_writer
from golden.reservoir import Reservoir, ReservoirState, quantised, restored
from golden.tasks import permuted_task, presented
from golden.thresholds import initial_thresholds
from golden.weights import Weights, initial_weights
from spec.analog import AnalogDesign
from spec.design import DesignPoint
from spec.fixed import round_magnitude as rm
from spec.fixed import round_shift as rs
from spec.fixed import saturate as sat
from spec.frames import FrameFlag, encode_frame
from spec.layout import Layer, bias_word
from spec.learning import accumulator_words, head_bits, head_label_bits, reservoir_step_bits
from spec.rng import Purpose, draw, draw_pair, normal, normal_integer, permutation, threefry2x32, uniform_index
from spec.scan import check_word, groups
from spec.tables import derivative_table
from spec.trace import NO_SLOT
from tests.golden.analog_cases import by_hand

__all__ = [
    "Coefficients", "NO_SLOT", "Purpose", "accumulator_words", "by_hand", "check_word", "checksum", "derivative_table",
    "draw", "draw_pair", "feedback_matrix", "head_bits", "head_label_bits", "initial_thresholds", "normal",
    "normal_integer", "np", "output_error", "permutation", "quantised", "reservoir_step_bits", "restored", "rm", "rs",
    "sat", "threefry2x32", "uniform_index",
]  # fmt: skip


def _sections(model: type, fields: dict, renamed: dict[str, tuple[str, str]]) -> dict[str, dict]:
    sections: dict[str, dict] = {}
    for name, value in fields.items():
        found = [
            (section, name)
            for section, field in model.model_fields.items()
            if name in getattr(field.annotation, "model_fields", {})
        ]
        found = [renamed[name]] if name in renamed else found
        assert len(found) == 1, f"{name} is a field of {len(found)} sections"
        sections.setdefault(found[0][0], {})[found[0][1]] = value
    return sections


def point(**fields) -> DesignPoint:
    """A design point whose fields of these names differ from the defaults; one cell lane, ``learning_lanes`` of
    learning."""
    renamed = {"learning_lanes": ("learning", "lanes"), "lanes": ("cell", "lanes")}
    sections = _sections(DesignPoint, {"lanes": 1} | fields, renamed)
    return DesignPoint(name="example", **sections)


def core(**fields) -> AnalogDesign:
    """An analog design point whose fields of these names differ from the defaults."""
    sections = _sections(AnalogDesign, fields, {"seed": ("nonidealities", "seed")})
    sections.setdefault("vote", {}).setdefault("wake_class", min(1, sections.get("network", {}).get("classes", 2) - 1))
    return AnalogDesign(name="example", **sections)


small = point(features=1, hidden=1, classes=2, max_steps=2)
one_cell = core(features=1, width=1, blocks=1, classes=1)


# Inference -----------------------------------------------------------------------------------------------------------
def feature_words(design: DesignPoint, *features: int) -> list[int]:
    """Words of feature bytes."""
    return [int(words_of_bytes(design)[x & 0xFF]) for x in features]


def bias_words(design: DesignPoint) -> list[int]:
    """Of the two layers."""
    return [bias_word(design, layer) for layer in Layer]


def sum_of_planes(word: int, weight: int, stream_bits: int) -> int:
    """What golden's layer gives for a word, which the planes must add up to."""
    design = point(features=1, hidden=1, stream_bits=stream_bits, kind="bmru", feature_signed=True)
    path = BistableDatapath(design, _weights(design, [[weight], [0]]))
    return int(path.sums(np.array([[[word, 0]]], float))[0, 0, 0])


def _weights(design: DesignPoint, hidden=None, readout=None, thresholds=None) -> Weights:
    network = design.network
    given = [
        np.zeros(shape, np.int16) if levels is None else np.array(levels, np.int16).reshape(shape)
        for levels, shape in (
            (hidden, (design.hidden_rows, network.hidden)),
            (readout, (design.readout_rows, network.classes)),
        )
    ]
    if design.bistable:
        thresholds = np.array([[0], [1]] if thresholds is None else thresholds, np.int32)
        thresholds = np.broadcast_to(thresholds, (2, network.hidden)).copy()
    return Weights(*given, thresholds)


def record(design: DesignPoint, hidden, x):
    """Record of one sequence of one feature."""
    features = np.array(x, np.int16).astype(np.int8 if design.network.feature_signed else np.uint8)
    return infer(design, _weights(design, hidden), features.reshape(1, -1, 1), record=True).record


def canonical(weight: int) -> tuple[int, int]:
    """The pair that golden's pulses make of a weight, from rest: g⁺ and g⁻."""
    reached = pulses(levels=128, weight=0, count=weight)[0]
    return max(reached, 0), max(-reached, 0)


def codes_of_sums(design: DesignPoint, *sums: int) -> list[int]:
    """Codes of bitline sums."""
    layer = TiledLayer(design, Layer.HIDDEN, _weights(design).hidden, np.float64)
    values = np.array(sums) * layer.scale + 0.5
    layer.convert(values)
    return values.astype(int).tolist()


def convert(design: DesignPoint, words: list[int], column: list[int]) -> tuple[list[int], int]:
    """Codes of the row tiles of a readout's column under state words and the bias, and their saturated sum."""
    design = _with(design, "network", classes=1)
    layer = TiledLayer(design, Layer.READOUT, np.array(column).reshape(-1, 1), np.float64)
    codes = np.empty((len(layer.row_tiles), 1, 1))
    total, work = np.empty((1, 1)), np.empty((1, 1))
    layer.read(np.array([words], float), codes, total, work)
    return codes.astype(int).ravel().tolist(), int(total[0, 0])


def _with(design: DesignPoint, section: str, **fields) -> DesignPoint:
    content = design.model_dump()
    return DesignPoint.model_validate(content | {section: content[section] | fields})


def saturations(design: DesignPoint, hidden, readout, x) -> tuple[int, int]:
    """Counts of saturated codes and words of one sequence of one feature."""
    design = _with(design, "network", features=1, classes=1)
    hidden = np.concatenate([np.array(hidden), np.zeros((design.hidden_rows - 1, 1), int)])
    readout = np.array(readout).reshape(-1, 1)
    features = np.array(x, np.uint8).reshape(1, -1, 1)
    seen = infer(design, _weights(design, hidden, readout), features).saturations
    return seen.adc, seen.words


def candidates(design: DesignPoint, *codes: int) -> list[int]:
    """Candidates of codes."""
    return [int(signed_candidates(design)[code + design.adc_limit]) for code in codes]


def next_state(design: DesignPoint, code: int, h: int, u: int) -> int:
    """State after a step that starts from h."""
    states = np.array([h], float)
    work, index = np.empty((2, 1)), np.empty(1, np.intp)
    StateBlend(design, u, np.float64).blend(np.array([code], float), states, index, work[0], work[1])
    return int(states[0])


def _streamed(streamer: WordStreamer, states) -> list[int]:
    states = np.array(states, float)
    words, work = np.empty_like(states), np.empty_like(states)
    streamer.stream(states, words, work)
    return words.astype(int).tolist()


def state_words(design: DesignPoint, *states: int, b: int) -> list[int]:
    """Recurrent words of states."""
    return _streamed(WordStreamer(design, b, design.word_shift), states)


def word_saturations(design: DesignPoint, *states: int, b: int) -> int:
    """How many of their words saturate."""
    return WordStreamer(design, b, design.word_shift).saturations(np.array(states, float))


def readout_words(design: DesignPoint, *states: int) -> list[int]:
    """Words of states for the readout."""
    return _streamed(WordStreamer(design, 1, design.readout_word_shift), states)


def scores(design: DesignPoint, h: int, readout) -> tuple[list[int], int]:
    """Scores and class of a state of one unit."""
    columns = [convert(design, readout_words(design, h), list(column)) for column in zip(*readout, strict=True)]
    found = [total for _, total in columns]
    return found, int(np.argmax(found))


def cells(sums: list[int], low: int, high: int) -> list[int]:
    """State bits of a bistable cell after every bitline sum."""
    design = point(features=1, hidden=1, kind="bmru")
    path = BistableDatapath(design, _weights(design, thresholds=[[low], [high]]))
    return path.states(np.array(sums, np.int32).reshape(1, -1, 1)).astype(int).ravel().tolist()


# Learning ------------------------------------------------------------------------------------------------------------
def winning_units(feedback: list[int], winners: int) -> list[int]:
    """Units that learn."""
    return winners_of(np.array(feedback), winners).tolist()


def learn(design: DesignPoint, seed: int = 1, chi: int = 0, updates: int = 0, until=None, **slower) -> SimpleNamespace:
    """One update of a network whose weights are 0: steps of all features 255 and 16, label 0."""
    weights = _weights(design)
    start = np.full(weights.hidden.shape, chi), np.full(weights.readout.shape, chi)
    settings = replace(LearningSettings.of(design), seed=seed, **slower)
    trainer = DfaTrainer(design, weights, accumulators=start, updates=updates, settings=settings)
    seen = []
    x = np.repeat(np.array([[255], [16]], np.uint8), design.network.features, axis=1)
    update = trainer.train_sequence(x, 0, watch=lambda *gradients: seen.extend(gradients), until=until)
    accumulators = [part.tolist() for part in trainer.accumulators]
    rates = design.learning
    shifts = rates.hidden_shift + settings.hidden_slower, rates.readout_shift + settings.readout_slower
    return SimpleNamespace(
        updates=trainer.updates,
        error=update.error.tolist(),
        feedback=update.feedback.tolist(),
        psi=feedback_matrix(design, seed).tolist(),
        gradient=[gradient.tolist() for gradient in seen],
        steps=[rs(gradient, shift).tolist() for gradient, shift in zip(seen, shifts, strict=True)],
        chi=accumulators,
        moved=[
            sorted({int(column) for column in np.nonzero(part != old)[1]})
            for part, old in zip(trainer.accumulators, start, strict=True)
        ],
    )


@dataclass
class _Written:
    chi: int | None
    weight: int
    writes: Writes

    def __repr__(self) -> str:
        counts = f"applied {self.writes.applied}, dropped {self.writes.dropped}, devices {self.writes.devices}"
        return (
            f"weight {self.weight}, {counts}" if self.chi is None else f"chi {self.chi}, weight {self.weight}, {counts}"
        )


def _writer(design: DesignPoint, which: Layer, weights: Weights, values=None):
    levels = weights.hidden if which is Layer.HIDDEN else weights.readout
    layer = TiledLayer(design, which, levels, np.float64)
    writer = make_writer(design, layer, which, levels, values, np.float64)
    writer.configure(levels.shape[1], design.learning.seed)
    writer.gradient[...] = 0
    return writer


def accumulate(design: DesignPoint, chi: int, step: int, weight: int) -> _Written:
    """The weight of hidden row 0 and its χ after an update by ``step``."""
    weights = _weights(design)
    weights.hidden[0, 0] = weight
    values = np.zeros(weights.hidden.shape)
    values[0, 0] = chi
    writer = _writer(design, Layer.HIDDEN, weights, values)
    writer.gradient[0, 0] = step
    writes = writer.commit(None, 1)
    return _Written(int(writer.values[0, 0]), int(writer.levels[0, 0]), writes)


def direct(design: DesignPoint, step: int, weight: int, q: int) -> _Written:
    """The weight of hidden row 0 after an update by ``step``, update number q."""
    weights = _weights(design)
    weights.hidden[0, 0] = weight
    writer = _writer(design, Layer.HIDDEN, weights)
    writer.gradient[0, 0] = step
    writes = writer.commit(None, q)
    return _Written(None, int(writer.levels[0, 0]), writes)


def rounding_draws(design: DesignPoint, layer: Layer, q: int) -> list[list[int]]:
    """r of every row and column of a layer."""
    level, shape = design.learning.accumulator_level, _writer(design, layer, _weights(design)).levels.shape
    draws = np.zeros(shape, int)
    for step in range(1, level):
        writer = _writer(design, layer, _weights(design))
        writer.gradient[...] = step
        writer.commit(None, q)
        # The smallest step that makes a pulse lacks r of a level.
        draws = np.where((writer.levels != 0) & (draws == 0), level - step, draws)
    return draws.tolist()


def pulses(levels: int, weight: int, count: int) -> tuple[int, int, int, int]:
    """The weight after ``count`` pulses, up where positive; pulses applied and dropped, devices written."""
    design = point(features=1, hidden=1, levels=levels, accumulator_level=2, max_pulses=15)
    reached, total = weight, []
    while count:
        some = max(-15, min(15, count))
        written = accumulate(design, chi=2 * some, step=0, weight=reached)
        reached, count = written.weight, count - some
        total.append(written.writes)
    writes = Writes.sum(total)
    return reached, writes.applied, writes.dropped, writes.devices


# Replay --------------------------------------------------------------------------------------------------------------
def reservoir(design: DesignPoint, presented: int = 0, offers: int = 0) -> SimpleNamespace:
    """A reservoir after so many offers of sequences of one step, and where each was kept."""
    memory = Reservoir(design, replace(ReservoirState.empty(design), presented=presented))

    def counted(sequences: int) -> list[int]:
        numbers = []
        for _ in range(sequences):
            memory.next_sequence()
            numbers.append(memory.presented)
        return numbers

    def offer() -> int | None:
        memory.next_sequence()
        return memory.offer(np.zeros((1, design.network.features), np.uint8), 0)

    def frozen_offer() -> tuple[int | None, int, int]:
        memory.frozen = True
        return offer(), memory.presented, memory.filled

    def cleared() -> tuple[int, int]:
        memory.clear()
        return memory.presented, memory.filled

    kept = [offer() for _ in range(offers)]
    return SimpleNamespace(
        counted=counted, kept=kept, drawn_slots=memory.drawn_slots, frozen_offer=frozen_offer, cleared=cleared
    )


def quantiser_bytes(seed: int, n: int, step: int) -> list[int]:
    """r of features 0 … 3, the bytes of the draw from the lowest."""
    return list(int(draw(seed, Purpose.REPLAY_QUANTISER, n, step, 0)).to_bytes(4, "little"))


def offered(design: DesignPoint, x) -> tuple[list, int]:
    """Stored features of the first sequence, which is offered, and its checksum in golden's trace."""
    reference = LearningReference(design, initial_weights(design), Coefficients.of(design))
    one, features = np.ones(1, int), np.array([x], np.uint8)
    records = reference.advance(features, one * len(x), 0 * one, one > 0, 0 * one).records
    return reference.trainer.reservoir.stored(0)[0].tolist(), int(records["offer"]["stored_sum"][0])


# The analog core -----------------------------------------------------------------------------------------------------
def mirror_ratios(design: AnalogDesign, code: int) -> list[int]:
    """Ratios of the two devices of weight element 0, rail 0 first."""
    devices = AnalogLayer(design, by_hand(design, input__weight=code), "input").devices
    return [int(devices[0, 0]), -int(devices[0, design.network.features])]


def bias_pa(design: AnalogDesign, code: int) -> int:
    """Current of the first bias of the input layer."""
    return int(bias_currents(design, by_hand(design, input__bias=code), "input.bias")[0])


def stream_features(design: AnalogDesign, *values: int) -> tuple[list[int], int]:
    """DAC codes of features of the stream, and how many saturated."""
    taken = Intake(replace_features(design, len(values)))
    frame = taken.take(FramePacket(encode_frame(np.array(values), FrameFlag.START)), VoteSettings.of(design))
    return frame.features.tolist(), taken.saturated


def replace_features(design: AnalogDesign, features: int) -> AnalogDesign:
    """The design point with another number of features."""
    content = design.model_dump()
    return AnalogDesign.model_validate(content | {"network": content["network"] | {"features": features}})


def layer_target(design: AnalogDesign, weight: int, bias: int, x: int) -> int:
    """Target in pA of the first node of the input layer, all of whose codes are these, for feature currents x."""
    layer = AnalogLayer(design, by_hand(design, input__weight=weight, input__bias=bias), "input")
    currents = np.full((design.network.features, 1), x, np.int64)
    return int(layer.target(layer.rails(currents), 0)[0, 0])


def settled(target: int, cycles: int) -> int:
    """A node after so many settle cycles, from 0, with a target that stays: 2 to 9 cycles."""
    design = core(features=1, width=1, blocks=cycles - 1, classes=1, phase_cycles=1, bias_step_pa=1)
    codes = by_hand(design, blocks__0__first__bias=target)
    return int(AnalogCore(design, codes).run(np.zeros((1, 1, 1), int)).candidate[0, 0, 0, 0])


def decided(design: AnalogDesign, threshold: int, hysteresis: int, candidates: list[int]) -> list[int]:
    """A cell after every candidate in pA, with these codes."""
    codes = by_hand(design, blocks__0__threshold=threshold, blocks__0__hysteresis=hysteresis)
    biases, state, seen = CellBiases.of(design, codes, 0), np.zeros(1, bool), []
    for candidate in candidates:
        state = biases.decide(np.array([candidate]), state)
        seen.append(int(state[0]))
    return seen


def run_frames(design: AnalogDesign, x: list[int], **codes: int) -> SimpleNamespace:
    """Frames of one clip whose features all have these codes: fields of the trace, frame by frame."""
    clip = np.repeat(np.array(x).reshape(1, -1, 1), design.network.features, axis=2)
    run = AnalogCore(design, by_hand(design, **codes)).run(clip)
    return SimpleNamespace(
        candidate=run.candidate.ravel().tolist(),
        state=run.state.ravel().astype(int).tolist(),
        output=run.output.ravel().tolist(),
        decision=run.decision.ravel().tolist(),
        charge=run.charge.ravel().tolist(),
    )


def cleared_between(design: AnalogDesign, x: list[int], **codes: int) -> tuple[list[int], list[int]]:
    """States of the first cell after each frame, in one clip of all frames, and in a clip of each."""
    together = run_frames(design, x, **codes).state
    return together, [run_frames(design, [one], **codes).state[0] for one in x]


def votes(design: AnalogDesign, classes: list[int]) -> list[tuple[int, tuple[int, ...], bool]]:
    """Class, votes and wake-up of every vote over the frames of one clip, whose last has *end*."""
    intake, ballot, seen = Intake(design), Ballot(design), []
    for t, decision in enumerate(classes):
        flags = (FrameFlag.START if t == 0 else 0) | (FrameFlag.END if t == len(classes) - 1 else 0)
        packet = FramePacket(encode_frame(np.zeros(design.network.features, int), FrameFlag(flags)))
        for answer in ballot.take(intake.take(packet, VoteSettings.of(design)), decision):
            seen.append((answer.decision, answer.scores, bool(answer.flags & 4)))
    return seen


# What software computes ----------------------------------------------------------------------------------------------
def first_weights(design: DesignPoint, seed: int) -> list[list[int]]:
    """Initial weights: the first feature's row, the first state's, the bias's."""
    hidden = initial_weights(_with(design, "learning", seed=seed)).hidden
    return [hidden[row].tolist() for row in (0, design.network.features, -1)]


def task_order(sequences: int, count: int, seed: int, task: int) -> list[int]:
    """Sequences of a set that a task presents."""
    return presented(_set([[[0]]] * sequences), count, seed, task).tolist()


def task_features(sequence: list[list[int]], seed: int, task: int) -> list[list[int]]:
    """A sequence as a task sees it."""
    return permuted_task(_set([sequence]), task, seed).x[0].tolist()


def _set(sequences: list) -> SequenceSet:
    return SequenceSet(np.array(sequences, np.uint8), np.zeros(len(sequences), np.int64))


def bistable_export(design: DesignPoint, weight: float, bias: float, low: float, hysteresis: float, readout) -> tuple:
    """Weights of the hidden column, of the readout, and thresholds of an exported network of one cell."""
    parameters = {
        "hidden": np.array([[weight], [bias]]),
        "low": np.array([low]),
        "hysteresis": np.array([hysteresis]),
        "level": np.array([1.0]),
        "readout": np.array(readout).reshape(2, 1),
    }
    weights, _ = quantise(design, parameters)
    return weights.hidden.ravel().tolist(), weights.readout.ravel().tolist(), weights.thresholds.ravel().tolist()


def analog_code(design: AnalogDesign, kind: str, value: float) -> int:
    """Code of a parameter of the input layer."""
    arrays = {}
    for one in groups(design):
        at, _, last = one.name.rpartition(".")
        name = {"threshold": "high", "hysteresis": "low", "gain": "level"}.get(last, last)
        arrays[f"{at}.{name}"] = np.zeros(one.shape)
    arrays[f"input.{kind}"][...] = value
    codes = export_network(design, BmruNetwork.from_arrays(arrays)).codes
    return int(codes[f"input.{kind}"].flat[0])


def feature_codes(design: AnalogDesign, values: list[float]) -> list[int]:
    """DAC codes of features in units of the model."""
    return dac_codes(design, values)[0].tolist()

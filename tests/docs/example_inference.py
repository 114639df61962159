"""What the examples of inference call: words, codes, states and scores as golden has them."""

from __future__ import annotations

import numpy as np

from remora.golden.crossbar.array import TiledLayer
from remora.golden.crossbar.bistable import BistableDatapath
from remora.golden.crossbar.cell import StateBlend, WordStreamer, signed_candidates
from remora.golden.crossbar.cell import feature_words as words_of_bytes
from remora.golden.crossbar.inference import infer
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, bias_word
from tests.docs.example_points import point, weights_of


def feature_words(design: DesignPoint, *features: int) -> list[int]:
    """Words of feature bytes."""
    return [int(words_of_bytes(design)[x & 0xFF]) for x in features]


def bias_words(design: DesignPoint) -> list[int]:
    """Of the two layers."""
    return [bias_word(design, layer) for layer in Layer]


def sum_of_planes(word: int, weight: int, stream_bits: int) -> int:
    """What golden's layer gives for a word, which the planes must add up to."""
    design = point(features=1, hidden=1, stream_bits=stream_bits, kind="bmru", feature_signed=True)
    path = BistableDatapath(design, weights_of(design, [[weight], [0]]))
    return int(path.sums(np.array([[[word, 0]]], float))[0, 0, 0])


def record(design: DesignPoint, hidden, x):
    """Record of one sequence of one feature."""
    features = np.array(x, np.int16).astype(np.int8 if design.network.feature_signed else np.uint8)
    return infer(design, weights_of(design, hidden), features.reshape(1, -1, 1), record=True).record


def codes_of_sums(design: DesignPoint, *sums: int) -> list[int]:
    """Codes of bitline sums."""
    layer = TiledLayer(design, Layer.HIDDEN, weights_of(design).hidden, np.float64)
    values = np.array(sums) * layer.scale + 0.5
    layer.convert(values)
    return values.astype(int).tolist()


def convert(
    design: DesignPoint, words: list[int], column: list[int], r: int = 0, gain: int | None = None
) -> tuple[list[int], int]:
    """Codes of the row tiles of a readout's column under state words and the bias, and that of the column, r added."""
    design = design.evolve(network={"classes": 1})
    layer = TiledLayer(design, Layer.READOUT, np.array(column).reshape(-1, 1), np.float64)
    layer.correct(np.array([r]), np.array(column[-1:]) if layer.digital else None)
    layer.set_gain(gain)
    codes = np.empty((len(layer.row_tiles), 1, 1))
    total, work = np.empty((1, 1)), np.empty((1, 1))
    layer.read(np.array([words], float), codes, total, work)
    return codes.astype(int).ravel().tolist(), int(total[0, 0])


def scaled(design: DesignPoint, gain: int, words: list[int], column: list[int]) -> tuple[list[int], int]:
    """As `convert`, with a gain of the layer."""
    return convert(design, words, column, gain=gain)


def saturations(design: DesignPoint, hidden, readout, x) -> tuple[int, int]:
    """Counts of saturated codes and words of one sequence of one feature."""
    design = design.evolve(network={"features": 1, "classes": 1})
    hidden = np.concatenate([np.array(hidden), np.zeros((design.hidden_rows - 1, 1), int)])
    readout = np.array(readout).reshape(-1, 1)
    features = np.array(x, np.uint8).reshape(1, -1, 1)
    seen = infer(design, weights_of(design, hidden, readout), features).saturations
    return seen.adc, seen.words


def codes(design: DesignPoint, steps: list[int]) -> int:
    """How many codes inference of sequences of so many steps takes."""
    network = design.network
    features = np.zeros((len(steps), max(steps), network.features), np.uint8)
    return infer(design, weights_of(design), features, np.array(steps)).saturations.codes


def candidates(design: DesignPoint, *codes: int) -> list[int]:
    """Candidates of codes."""
    return [int(signed_candidates(design)[code + design.formats.adc_limit]) for code in codes]


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
    return _streamed(WordStreamer(design, b, design.formats.word_shift), states)


def word_saturations(design: DesignPoint, *states: int, b: int) -> int:
    """How many of their words saturate."""
    return WordStreamer(design, b, design.formats.word_shift).saturations(np.array(states, float))


def readout_words(design: DesignPoint, *states: int) -> list[int]:
    """Words of states for the readout."""
    return _streamed(WordStreamer(design, 1, design.formats.readout_word_shift), states)


def scores(design: DesignPoint, h: int, readout) -> tuple[list[int], int]:
    """Scores and class of a state of one unit."""
    columns = [convert(design, readout_words(design, h), list(column)) for column in zip(*readout, strict=True)]
    found = [total for _, total in columns]
    return found, int(np.argmax(found))


def step_scores(design: DesignPoint, hidden, readout, x) -> list[list[int]]:
    """Scores of every class after every step of one sequence of one feature, where every step is read out."""
    design = design.evolve(network={"features": 1, "readout": "every"})
    hidden = np.concatenate([np.array(hidden), np.zeros((design.hidden_rows - 1, 1), int)])
    readout = np.concatenate([np.array(readout), np.zeros((1, design.network.classes), int)])
    thresholds = [[1], [100]] if design.capabilities.bistable else None
    weights = weights_of(design, hidden, readout, thresholds)
    found = infer(design, weights, np.array(x, np.uint8).reshape(1, -1, 1)).step_scores
    assert found is not None
    return found[0].tolist()


def cells(sums: list[int], low: int, high: int) -> list[int]:
    """State bits of a bistable cell after every bitline sum."""
    design = point(features=1, hidden=1, kind="bmru")
    path = BistableDatapath(design, weights_of(design, thresholds=[[low], [high]]))
    return path.states(np.array(sums, np.int32).reshape(1, -1, 1)).astype(int).ravel().tolist()

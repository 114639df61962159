"""What the examples of the device rules call: made chips, devices, tiles and samples as golden has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from remora.golden.crossbar.device_window import DeviceWindow, window_bytes
from remora.golden.devices import curves
from remora.golden.devices.chip import NUMBERS, Chip
from remora.golden.devices.pairs.reference import symmetry_points
from remora.golden.devices.pulses import moved, pulse_weights
from remora.golden.devices.reading import Key, sample_normals, tile_codes, weights_and_variances, word_table
from remora.golden.devices.state import DeviceState, LayerState, at_rest, conducted, drifted, is_full, shown
from remora.golden.devices.state import log_time as logarithms
from remora.golden.devices.wires import behind_wires
from remora.golden.learning.memory_words import pack_faults
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer
from remora.spec.devices.model import DeviceModel
from remora.spec.lib.rng import Purpose
from tests.docs.example_points import point, weights_of


def at(conductance: int, low: int, high: int) -> int:
    """A position between two conductances."""
    return int(curves.at(conductance, low, high))


def read_table(table: Sequence[int], position: int) -> int:
    """The value of a table of knots."""
    return int(curves.interpolate(tuple(table), np.array(position)))


def chip(**fields) -> Chip:
    """The chip of a design point of one hidden unit, one feature and one class, unless others are given."""
    return Chip.of(point(**{"features": 1, "hidden": 1, "classes": 1, "max_steps": 1} | fields))


def model(**fields) -> DeviceModel:
    """Its integers."""
    return chip(**fields).model


def one_device(of: Chip) -> dict[str, int]:
    """The numbers of g⁺ in row 0 of the hidden layer's column 0."""
    return dict(zip(NUMBERS, of.layers[0].numbers[:, 0, 0, 0].tolist(), strict=True))


def pulse(of: Chip, p: int, n: int, up: bool, **numbers: int) -> int:
    """p of that device after a pulse, some of its numbers replaced."""
    made = np.array(list((one_device(of) | numbers).values()))[:, None]
    index = of.layers[0].index[0, 0, :1]
    return int(moved(of.model, index, made, np.array([p]), np.array([n]), np.array([up]))[0])


def show(of: Chip, p: int, n: int) -> int:
    """What that device shows."""
    return int(shown(of.model, of.layers[0].index[0, 0, :1], np.array([p]), np.array([n]))[0])


def log_time(ticks: int) -> int:
    """L after so many ticks."""
    return int(logarithms(np.array(ticks)))


def drift(of: Chip, v: int, ticks: int, aging: int = 0) -> int:
    """What time leaves of v."""
    return int(drifted(of.model, np.array(aging), np.array(v), np.array(ticks)))


def age(of: Chip, p: int, *ticks: int) -> tuple[int, int, int]:
    """t, s and g of that device, made with this p, after these ageings."""
    zero = np.zeros(of.layers[0].shape, np.int64)
    layer = LayerState(zero + p, zero, zero, zero)
    other = LayerState(*(np.zeros(of.layers[1].shape, np.int64) for _ in range(4)))
    state = DeviceState((layer, other))
    for some in ticks:
        state.age(of, some)
    return int(layer.t[0, 0, 0]), int(layer.s[0, 0, 0]), int(conducted(of.model, of.layers[0], layer)[0, 0, 0])


def senses(of: Chip, conductance: int) -> tuple[bool, bool]:
    """Whether a device is at rest, and whether it is full."""
    return bool(at_rest(of.model, np.array(conductance))), bool(is_full(of.model, np.array(conductance)))


def tile_of(of: Chip, positive: list[list[int]], negative: list[list[int]], **factors: int) -> list[list[list[int]]]:
    """What the devices of a tile count as behind wires of these factors."""
    return behind_wires(replace(of.model, **factors), np.array([positive, negative])).tolist()


def pair(of: Chip, positive: int, negative: int) -> tuple[int, int]:
    """w and q of a pair."""
    weight, variance = weights_and_variances(of.model, np.array([positive, negative]))
    return int(weight), int(variance)


def counted_word(planes: list[int], word: int) -> tuple[int, int]:
    """What a word counts as in a tile of these planes, and its square for the noise."""
    mu, square = word_table(np.array(planes))
    return int(mu[word + len(mu) // 2]), int(square[word + len(mu) // 2])


def noise_entries(of: Chip, sequence: int, step: int, columns: int, first: int = 0, probe: bool = False) -> list[int]:
    """z of columns of the hidden layer's first tile."""
    key = Key(sequence, step, Purpose.PROBE if probe else Purpose.READ)
    return sample_normals(of.model, Layer.HIDDEN, 0, first, columns, key, (1,))[0].tolist()


def sample(design: DesignPoint, words: list[int], pairs: list[tuple[int, int]], sequence: int = 0, **changes) -> int:
    """Code of the hidden layer's column 0 under these words, of pairs that conduct so much; ``offset`` and ``gain`` of
    its converter where given."""
    of = Chip.of(design)
    made, tile = of.layers[0], of.layers[0].tiles[0]
    made = replace(made, **{name: np.full_like(getattr(made, name), value) for name, value in changes.items()})
    conductance = np.zeros((2, tile.rows, tile.columns), np.int64)
    conductance[:, : len(pairs), 0] = np.array(pairs).T
    padded = np.array([words + [0] * (tile.rows - len(words))])
    limit = design.formats.adc_limit
    return int(tile_codes(of.model, made, tile, conductance, padded, Key(sequence), design.adc_shift, limit)[0, 0])


def fresh_pair(of: Chip, weight: int, marked: tuple[bool, bool] | None = None) -> list[int]:
    """p of the two devices of a pair that was programmed to a weight; with a fault map, what it says of them."""
    levels = np.full(of.layers[0].shape[1:], weight)
    return LayerState.fresh(of.model, of.layers[0], levels, marks_of(of, marked)).p[:, 0, 0].tolist()


def levels_of(of: Chip, weight: int) -> list[int]:
    """The same in whole levels."""
    return [p // of.model.level for p in fresh_pair(of, weight)]


def symmetry_point(of: Chip) -> int:
    """That of g⁺ in row 0 of the hidden layer's column 0."""
    return int(symmetry_points(of.model, of.layers[0])[0, 0])


def marks_of(of: Chip, marked: tuple[bool, bool] | None) -> np.ndarray | None:
    """A fault map of the hidden layer, which says this of every pair."""
    return None if marked is None else np.broadcast_to(np.reshape(marked, (2, 1, 1)), of.layers[0].shape)


def map_words(design: DesignPoint, **sides: list[list[bool]]) -> list[int]:
    """The host's words of a fault map that marks the devices of a layer, g⁺ and g⁻ of each row; its columns alike."""
    weights = weights_of(design)
    found = []
    for layer in ("hidden", "readout"):
        shape = getattr(weights, layer).shape
        marks = np.array(sides.get(layer, np.zeros((2, shape[0]))), bool)
        found.append(np.broadcast_to(marks[:, :, None], (2, *shape)))
    return pack_faults(design, (found[0], found[1]))


def pulsed_pair(
    of: Chip, positive: int, negative: int, count: int, marked: tuple[bool, bool] | None = None
) -> tuple[list[int], list[int], tuple]:
    """p and n of the two devices of a pair after ``count`` pulses, up where positive; applied, dropped and devices."""
    made = of.layers[0]
    zero = np.zeros(made.shape, np.int64)
    layer = LayerState(zero.copy(), zero.copy(), zero.copy(), zero.copy(), marks_of(of, marked))
    layer.p[:, 0, 0] = positive, negative
    conductance = conducted(of.model, made, layer)
    done = pulse_weights(of.model, made, layer, conductance, np.array([0]), np.array([count]))
    return layer.p[:, 0, 0].tolist(), layer.n[:, 0, 0].tolist(), (done.applied, done.dropped, len(done.devices))


def fresh_weights(design: DesignPoint) -> DeviceState:
    """Devices of a chip whose weights are all 0."""
    weights = weights_of(design)
    return DeviceState.fresh(Chip.of(design), (weights.hidden, weights.readout))


def window_of(design: DesignPoint, hidden: list[list[int]]) -> DeviceWindow:
    """The weight window of a chip that was programmed to the first rows of these weights, and to 0 elsewhere."""
    weights = weights_of(design)
    weights.hidden[: len(hidden)] = hidden
    return DeviceWindow(design, DeviceState.fresh(Chip.of(design), (weights.hidden, weights.readout)))


def read(window: DeviceWindow, column: int) -> list[int]:
    """What it reads of the first slice of a column of the hidden layer."""
    return window_bytes(window.read_slice(window.chip.layers[0].tiles[0], column, 0)).tolist()


def probes(window: DeviceWindow) -> tuple[int, int]:
    """How many probes the tiles of the hidden layer and of the readout have counted."""
    return window.state.probes


def committed(
    design: DesignPoint,
    hidden: list[list[int]],
    held: list[list[int]] | None = None,
    marked: tuple[bool, bool] | None = None,
) -> tuple[list[float], tuple[int, int, int]]:
    """Weights of column 0 in levels after a commit of these, and 0 elsewhere; its mismatches, pulses and probes.

    Args:
        held: weights before, 0 where None; ``marked`` is what the fault map says of every pair.
    """
    window = window_of(design, held or [[0]])
    window.state.layers[0].marked = marks_of(window.chip, marked)
    tile = window.chip.layers[0].tiles[0]
    levels = np.zeros(tile.rows, np.int64)
    levels[: len(hidden)] = np.array(hidden)[:, 0]
    done = window.commit(tile, 0, 0, levels)
    g = window.state.conductances(window.chip)[0][:, :, 0]
    weights = ((g[0] - g[1]) / window.chip.model.level).tolist()
    return weights, (done.mismatches, done.pulses, window.state.probes[0])


def converters(design: DesignPoint) -> tuple[list[list[int]], list[list[int]], list[list[int]]]:
    """Offsets, gains and plane errors of the hidden layer, a list a row tile."""
    made = Chip.of(design).layers[0]
    return made.offset.tolist(), made.gain.tolist(), (made.planes - 256).tolist()

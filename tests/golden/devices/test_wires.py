"""Wires lower conductances: rule D13 beside its sums written out, and beside Kirchhoff's laws where drops are small."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from remora.golden.devices.wires import behind_wires
from tests.golden.designs import DESIGNS

MODEL = DESIGNS["mnist"].device_model()


def network(bitlines: np.ndarray, row: float, column: float) -> np.ndarray:
    """Conductance of every device as Kirchhoff's laws have it: current into its bitline's end for a volt on its row.

    Args:
        bitlines: (m, n) conductances in siemens; ``row``, ``column``: ohm of a segment of a wordline, of a bitline.
    """
    m, n = bitlines.shape
    size = 2 * m * n
    above = np.arange(m * n).reshape(m, n)
    below, matrix = above + m * n, np.zeros((size, size))
    sources = np.zeros((size, m))

    def join(a: int, b: int, conductance: float) -> None:
        matrix[[a, b], [a, b]] += conductance
        matrix[[a, b], [b, a]] -= conductance

    for i, j in np.ndindex(m, n):
        join(above[i, j], below[i, j], bitlines[i, j])
        if j == 0:
            matrix[above[i, 0], above[i, 0]] += 1 / row
            sources[above[i, 0], i] = 1 / row
        else:
            join(above[i, j - 1], above[i, j], 1 / row)
        if i == m - 1:
            matrix[below[i, j], below[i, j]] += 1 / column
        else:
            join(below[i, j], below[i + 1, j], 1 / column)
    voltages = np.linalg.solve(matrix, sources)
    return voltages[below[m - 1]].T / column


def test_small_drops_are_those_of_the_network():
    """Within 1 % of what the wires take, which second-order drops account for."""
    random = np.random.default_rng(1)
    m, columns, full, ohm = 12, 5, 1e-5, 2.0
    grains = random.integers(0, MODEL.full + 1, (2, m, columns))
    siemens = full / MODEL.full
    factor = round(ohm * siemens * 2**44)
    model = replace(MODEL, wire_row=factor, wire_column=factor)
    found = behind_wires(model, grains).transpose(1, 2, 0).reshape(m, -1) * siemens
    ideal = grains.transpose(1, 2, 0).reshape(m, -1) * siemens
    exact = network(ideal, ohm, ohm)
    lost = np.sqrt(np.mean((ideal - exact) ** 2))
    assert lost / np.sqrt(np.mean(ideal**2)) > 1e-3, "the wires must take something"
    assert np.sqrt(np.mean((found - exact) ** 2)) < 0.02 * lost


def test_without_resistance_nothing_is_copied():
    """Rule D13."""
    grains = np.ones((2, 3, 4), np.int64)
    assert behind_wires(MODEL, grains) is grains


def test_devices_that_conduct_nothing_take_no_part():
    """A column of unused devices changes no other."""
    model = replace(MODEL, wire_row=2**30, wire_column=2**31)
    grains = np.random.default_rng(2).integers(0, MODEL.full, (2, 6, 4))
    wide = np.concatenate([grains, np.zeros((2, 6, 3), np.int64)], axis=2)
    left = behind_wires(model, wide)
    np.testing.assert_array_equal(left[:, :, :4], behind_wires(model, grains))
    assert (left[:, :, :4] < grains).any() and not left[:, :, 4:].any()

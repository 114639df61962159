"""Groups of columns, the rows that are rounded at once, and where accumulators lie, for any design point."""

from __future__ import annotations

import numpy as np

from remora.flow.systems.crossbar.soak.random_designs import any_design
from remora.golden.learning.memory_words import pack_accumulators, unpack_accumulators
from remora.spec.crossbar.column_groups import (
    ROUNDING_SLICES,
    accumulator_rows,
    column_groups,
    group_borders,
    rounded_rows,
    rounded_words,
)
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer
from remora.spec.crossbar.learning import accumulator_word_bits, accumulator_words
from remora.spec.crossbar.memories import HostMemory, host_memories
from remora.spec.presets import load_design

MNIST = load_design("mnist", DesignPoint).evolve(learning={"enabled": True})


def test_groups_are_all_columns_in_order_and_end_with_layers_and_folds_of_the_cell():
    random = np.random.default_rng(4)
    for _ in range(200):
        design = any_design(random).evolve(learning={"enabled": True, "columns": int(random.integers(1, 5))})
        groups, hidden, lanes = column_groups(design), design.network.hidden, design.cell.lanes
        columns = [group.first + number for group in groups for number in range(group.count)]
        assert columns == list(range(hidden + design.network.classes))
        for group in groups:
            assert 1 <= group.count <= design.learning.columns
            last = group.first + group.count - 1
            assert (group.layer is Layer.HIDDEN) == (last < hidden)
            assert group.layer is Layer.READOUT or group.first // lanes == last // lanes
        assert {0, hidden, len(columns)} <= group_borders(design) and len(group_borders(design)) == len(groups) + 1


def test_every_row_has_its_accumulator_once():
    random = np.random.default_rng(5)
    for _ in range(200):
        design = any_design(random, update="accumulate")
        design = design.evolve(learning={"enabled": True, "columns": int(random.integers(1, 5))})
        held = accumulator_rows(design)
        assert sorted(held[held >= 0].tolist()) == list(range(design.hidden_rows))
        assert held.shape == (design.learning_folds * rounded_words(design), rounded_rows(design))
        assert rounded_rows(design) % ROUNDING_SLICES == 0 or rounded_rows(design) == design.learning_lanes
        limit = 1 << (design.learning.accumulator_bits - 1)
        shapes = (design.hidden_rows, design.network.hidden), (design.readout_rows, design.network.classes)
        whole = [random.integers(1 - limit, limit, shape) for shape in shapes]
        words = pack_accumulators(design, *whole)
        size = host_memories(design)[HostMemory.ACCUMULATORS]
        assert len(words) == size.depth and max(words).bit_length() <= size.width
        assert (size.stored_width, size.stored_depth) == (accumulator_word_bits(design), accumulator_words(design))
        # What the host sees does not depend on lanes and columns.
        others = [design.evolve(learning={"lanes": "all", "columns": columns}) for columns in (1, 3)]
        for other in others:
            seen = host_memories(other)[HostMemory.ACCUMULATORS]
            assert (seen.width, seen.depth) == (size.width, size.depth) and pack_accumulators(other, *whole) == words
        for before, after in zip(whole, unpack_accumulators(design, words), strict=True):
            np.testing.assert_array_equal(after, before)


def test_a_group_is_rounded_while_the_longest_sequence_is_walked():
    found = {columns: rounded_rows(MNIST.evolve(learning={"columns": columns})) for columns in (1, 2, 3, 4)}
    assert found == {1: 8, 2: 12, 3: 16, 4: 20}
    for columns in found:
        cycles = MNIST.evolve(learning={"columns": columns}).cycles
        assert cycles.rounding <= MNIST.network.max_steps

"""The account of the learning engine gives the bits of the golden model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from remora.golden.crossbar.weights import Weights
from remora.golden.learning.dfa import DfaTrainer
from remora.golden.learning.kernel.numpy_kernel import NumpyKernel
from remora.golden.learning.kernel.protocol import MakeKernel
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.learning import MOST_RATE_SHIFT
from remora.tb.blocks.learning.engine_account import Account, Seen, Sequence
from tests.hdl.learning.test_learning_engine import DESIGNS, MAPPED

UPDATES = 30


def some_weights(design: DesignPoint, random: np.random.Generator) -> Weights:
    """Weights of any level."""
    top, network = design.crossbar.levels - 1, design.network
    shapes = (design.hidden_rows, network.hidden), (network.hidden + 1, network.classes)
    return Weights(*(random.integers(-top, top + 1, shape).astype(np.int16) for shape in shapes))


def kept(design: DesignPoint, kernel: NumpyKernel, x: np.ndarray, label: int) -> Sequence:
    """What the core keeps of a sequence that was inferred last."""
    path, length, network = kernel.datapath, len(x), design.network
    codes = np.zeros((length, design.folds * design.cell.lanes), int)
    codes[:, : network.hidden] = path.codes[:length, 0]
    words = path.word_history[:length, 0].astype(int)
    return Sequence(
        length, label, path.scores[0].astype(int).tolist(), x.tolist(), words.tolist(), codes.tolist(),
        path.readout_words[0].astype(int).tolist(),
    )  # fmt: skip


def of_columns(account: Account, first: int, rows: slice, columns: int) -> np.ndarray:
    """χ by row of the layer and column."""
    words, held = len(account.held), account.held.reshape(-1)
    chi = np.array(account.chi).reshape(-1, words * account.rows)[first : first + columns]
    order = np.argsort(held)
    return chi[:, order[held[order] >= 0]].T[rows]


def gradients_of(account: Account, seen: Seen) -> np.ndarray:
    """Gradients by row of the hidden layer and column of the update, as captured."""
    found = np.zeros((account.folds * account.lanes, account.hidden + account.classes), int)
    for first, fold, _, values in seen.captured:
        of_group = np.array(values).reshape(-1, account.lanes).T
        rows = slice(fold * account.lanes, (fold + 1) * account.lanes)
        found[rows, first : first + of_group.shape[1]] = of_group
    return found[: account.design.hidden_rows]


@pytest.mark.parametrize("name", ["accumulate", "direct"])
def test_updates_are_those_of_the_golden_model(name):
    design = DESIGNS["direct"] if name == "direct" else MAPPED.evolve(learning={"compensation": False})
    random, network, pulses = np.random.default_rng(1), design.network, 0
    kernels: list[NumpyKernel] = []

    def make(*given) -> NumpyKernel:
        kernels.append(NumpyKernel(*given))
        return kernels[0]

    kernel: MakeKernel = make
    trainer, account = DfaTrainer(design, some_weights(design, random), kernel=kernel), Account(design)
    for _ in range(UPDATES):
        winners = int(random.integers(1, network.hidden + 1)) if design.capabilities.selects else network.hidden
        rates = int(random.integers(MOST_RATE_SHIFT + 1)), int(random.integers(MOST_RATE_SHIFT + 1))
        trainer.settings = replace(
            trainer.settings, winners=winners, hidden_rate_shift=rates[0], readout_rate_shift=rates[1]
        )
        x = random.integers(0, 256, (random.integers(1, network.max_steps + 1), network.features)).astype(np.uint8)
        label, gradients = int(random.integers(network.classes)), []
        update = trainer.train_sequence(x, label, watch=lambda *both, seen=gradients: seen.extend(map(np.copy, both)))
        account.number = trainer.updates
        seen = account.expect(kept(design, kernels[0], x, label), design, winners, rates)
        account.end(network.hidden + network.classes)
        assert [value for _, values in seen.begun for value in values] == update.feedback.tolist()
        assert account.learn == tuple(update.winners.tolist())
        hidden, readout = gradients
        found = gradients_of(account, seen)
        assert (found[:, update.winners] == hidden).all()
        assert (found[network.features :, network.hidden :] == readout).all()
        for layer, written in enumerate((update.hidden, update.readout)):
            # The account has devices that are neither at rest nor full, so that it drops none of them.
            assert seen.counts["applied", layer] == written.applied + written.dropped
            pulses += written.applied
        if design.capabilities.accumulates:
            hidden, readout = trainer.accumulators
            assert (of_columns(account, 0, slice(None), network.hidden) == hidden).all()
            rows = slice(network.features, None)
            assert (of_columns(account, network.hidden, rows, network.classes) == readout).all()
    assert pulses > 100

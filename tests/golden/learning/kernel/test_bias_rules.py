"""Bias rows that learn by rules under study: both kernels alike, and what a zone does."""

from __future__ import annotations

import numpy as np
import pytest

from remora.flow.systems.crossbar.learning_kernel import compile_kernel
from remora.golden.crossbar.cell import Coefficients
from remora.golden.crossbar.weights import random_weights
from remora.golden.learning.dfa import DfaTrainer
from remora.golden.learning.kernel.compiled import open_kernel
from remora.golden.learning.kernel.numpy_kernel import NumpyKernel
from remora.golden.learning.kernel.protocol import with_bias_rules
from remora.golden.learning.kernel.rules import BiasRule
from remora.golden.learning.pulses import make_writer
from remora.golden.learning.settings import LearningSettings
from remora.spec.crossbar.layout import Layer
from tests.golden.designs import make_design
from tests.golden.learning.test_kernel import CASES, learn_alike, pair

BIAS_RULES = [(BiasRule(3), BiasRule(1, 2)), (BiasRule(0, 3), BiasRule(2)), (BiasRule(2, 2, 3), BiasRule(0, 5, 2))]


@pytest.mark.parametrize("update", ["accumulate", "direct"])
@pytest.mark.parametrize("rules", BIAS_RULES)
def test_bias_rows_by_rules_under_study(rules, update):
    compiled = open_kernel(compile_kernel())
    design = CASES["full pairs"].evolve(crossbar={"levels": 32}, learning={"update": update, "accumulator_level": 128})
    trainers = pair(design, with_bias_rules(compiled, rules), 1)
    numpy = with_bias_rules(NumpyKernel, rules)
    trainers[0].dfa = DfaTrainer(design, trainers[0].weights, accumulators=trainers[0].dfa.accumulators, kernel=numpy)
    assert learn_alike(trainers, np.random.default_rng(3), 30)["applied"] > 100
    # Any other rule is another network.
    for other in (BiasRule(), BiasRule(rules[0].rate_shift ^ 1)):
        odd = pair(design, with_bias_rules(compiled, (other, rules[1])), 1)
        odd[0].dfa = DfaTrainer(design, odd[0].weights, accumulators=odd[0].dfa.accumulators, kernel=numpy)
        if update == "accumulate" or other.rate_shift != rules[0].rate_shift:
            with pytest.raises(AssertionError):
                learn_alike(odd, np.random.default_rng(3), 30)


def test_a_zone_makes_the_bias_row_give_back_late():
    """χ of a bias that goes up and down by a level: rule L13 pulses each time, a zone of two once."""
    design = make_design(network={"features": 1, "hidden": 1, "classes": 2, "max_steps": 1}, learning={"max_pulses": 2})
    level, given = design.learning.accumulator_level, {}
    for zone in (1, 2):
        kernel = NumpyKernel(design, random_weights(design, 1), Coefficients.of(design))
        kernel.configure(LearningSettings.of(design))
        layer = kernel.datapath.hidden
        writer = make_writer(design, layer, Layer.HIDDEN, np.zeros((design.hidden_rows, 1), np.int16), None, np.float64)
        writer.configure(1, 1)
        writer.rule.zones, pulses = (1, zone), []
        for step in (level, level, -level, -level, -level, -level, 3 * level):
            writer.gradient[:] = [[0]] * (design.hidden_rows - 1) + [[-step]]
            before = int(writer.levels[-1, 0])
            writer.commit(None, 1)
            pulses.append(int(writer.levels[-1, 0]) - before)
            assert not writer.levels[:-1].any()
        given[zone] = pulses
    assert given == {1: [1, 1, -1, -1, -1, -1, 2], 2: [0, 1, 0, 0, -1, -1, 1]}

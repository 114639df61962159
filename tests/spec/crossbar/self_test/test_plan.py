"""The plan of the self-test fits every design point. Rules S1, S4 and S8."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer
from remora.spec.crossbar.self_test.plan import (
    MOST_FINDINGS,
    READS,
    Defect,
    Finding,
    SelfTestPlan,
    Step,
    self_test_cycles,
    threshold_for,
)
from remora.spec.presets import load_design

MNIST = load_design("mnist", DesignPoint)


@given(
    st.builds(
        Finding,
        st.sampled_from(Defect),
        st.sampled_from(Layer),
        st.integers(0, 1),
        st.integers(0, 4095),
        st.integers(0, 2047),
    )  # fmt: skip
)
def test_a_word_is_its_finding(finding):
    assert Finding.of_word(finding.word) == finding and 0 < finding.word < 1 << 32


@pytest.mark.parametrize("levels", [2, 3, 32, 43, 85, 128])
@pytest.mark.parametrize("adc_bits", [8, 10])
def test_the_range_and_half_as_much_fit_the_converter(levels, adc_bits):
    design = MNIST.evolve(crossbar={"levels": levels}, formats={"adc_bits": adc_bits})
    plan, most = SelfTestPlan.of(design), design.formats.adc_limit
    reach = 3 * design.crossbar.weight_limit << plan.finer
    assert reach <= 2 * most < 2 * reach or (plan.finer == 0 and reach > most)
    assert plan.level == READS << plan.finer and plan.tolerance * 2 == plan.level
    assert 1 << (plan.sum_bits - 1) > READS * most


def test_the_threshold_keeps_away_from_what_readings_err_by():
    """Between a quarter of a level and 1.5 levels, and at most half of what a burst moves."""

    def threshold(**devices) -> int:
        return threshold_for(MNIST.evolve(devices=devices))

    plan, noisy = SelfTestPlan.of(MNIST), {"read_noise": 0.01, "converter_noise": 0.5}
    assert (plan.level, plan.threshold) == (16, 24)
    assert threshold() == threshold(model="taox-hfox") == 4
    assert threshold(**noisy) == 22 and threshold(converter_noise=0.25) == 13 and threshold(read_noise=0.001) == 12
    assert threshold(**noisy, raise_steps=0.5, lower_steps=0.5) == 12
    assert threshold(**noisy, raise_steps=0.01, lower_steps=0.01) == 4


def test_the_list_grows_with_the_chip_within_bounds():
    sizes = {hidden: SelfTestPlan.of(MNIST.evolve(network={"hidden": hidden})).findings for hidden in (20, 40, 100)}
    assert sizes == {20: 148, 40: 396, 100: MOST_FINDINGS}
    assert SelfTestPlan.of(load_design("one", DesignPoint)).findings == 16


def test_the_cycles_are_those_of_the_steps():
    steps = {(Layer.HIDDEN, Step.READ): 3, (Layer.READOUT, Step.READ): 1, (Layer.HIDDEN, Step.PULSE): 2}
    steps |= {(Layer.HIDDEN, Step.TAKE): 5, (Layer.READOUT, Step.TAKE): 7, (Layer.READOUT, Step.CYCLE): 11}
    # A level of 2 codes is 256 words, twice plane 7; 20 of 100 columns at once, and one of 10.
    read = 1 + 2 + 1 + 1 + 1 + MNIST.crossbar.adc_cycles
    assert self_test_cycles(MNIST, steps) == 4 * read + 2 * (1 + MNIST.crossbar.pulse_cycles) + 5 * 6 + 7 * 11 + 11

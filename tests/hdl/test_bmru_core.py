"""The analog core's macro on Verilator: several sizes and formats in one build, noise off and on."""

from __future__ import annotations

import pytest

from flow.simulator import SimulatorError
from hdl.bmru_core import BmruCore
from tests.golden.analog_cases import ANALOG_DESIGNS, make_analog
from tests.hdl.macro_models import BMRU_CORE, CROSSBAR_OPTIONS
from tests.support import simulate_cases

AT_ONCE = {"factor": 1, "shift": 0, "phase_cycles": 1}
NOISE = {"noise": True, "noise_pa": 40, "seed": 11}
CASES = {
    name: {"design": design}
    for name, design in {
        **ANALOG_DESIGNS,
        "cells": make_analog(1, 8, 1, 1, settling=AT_ONCE),
        "noisy": make_analog(1, 4, 1, 1, settling=AT_ONCE, nonidealities=NOISE),
    }.items()
}
TESTS = ("frames", "scan_round_trip", "chain_length", "resets", "hysteresis", "survival")


def simulate(**options):
    options |= {"extra_sources": [BMRU_CORE], "build_options": CROSSBAR_OPTIONS | {"optimise": "run"}}
    return simulate_cases(BmruCore, CASES, "tb.test_bmru_core", **options)


def test_bmru_core():
    assert len(simulate(testcase=TESTS).tests) == len(TESTS)


VIOLATIONS = {
    "settle before codes were latched": (False, {"settle": 1}),
    "evaluate or sample without settle": (True, {"sample": 1}),
    "clear while settling": (True, {"settle": 1, "clear": 1}),
    "latch while settling": (True, {"settle": 1, "scan_latch": 1}),
    "two strobes of the scan chain at once": (True, {"scan_capture": 1, "scan_enable": 1}),
    "feature 1 is the most negative number": (True, {"settle": 1, "feature": 1 << 19}),
}


@pytest.mark.parametrize("message", VIOLATIONS)
def test_violations_end_the_simulation(message):
    load, violation = VIOLATIONS[message]
    with pytest.raises(SimulatorError, match=message):
        simulate(testcase="violate", config={"load": load, "violation": violation})

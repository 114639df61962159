"""The BMRU core's macro on Verilator and on Icarus Verilog: several sizes and formats a build, noise off and on."""

from __future__ import annotations

from typing import Unpack

import numpy as np
import pytest

from remora.flow.systems.bmru.harness import WATCHED
from remora.flow.tools.simulator import SimulationFailed, write_source
from remora.flow.verify.harness import monitor_sources
from remora.flow.verify.trace_package import trace_package
from remora.golden.bmru.core import BmruCore
from remora.golden.bmru.random_codes import random_codes, random_features
from remora.hdl.bmru.core import CoreMacro
from remora.spec.bmru.records import FRAME
from remora.spec.lib.trace import UNCOMPARED, read_trace, record_types, write_header
from remora.tb.lib.scoreboard import compare
from tests.golden.bmru.cases import BMRU_DESIGNS, make_bmru
from tests.hdl.macro_models import BMRU_CORE, CROSSBAR_OPTIONS
from tests.support import BlockOptions, simulate_cases

AT_ONCE = {"factor": 1, "shift": 0, "phase_cycles": 1}
NOISE = {"noise": True, "noise_pa": 40, "seed": 11}
CASES = {
    name: {"design": design}
    for name, design in {
        **BMRU_DESIGNS,
        "cells": make_bmru(1, 8, 1, 1, settling=AT_ONCE),
        "narrow": make_bmru(3, 2, 2, 2, formats={"node_bits": 13}, settling={"phase_cycles": 2}),
        "noisy": make_bmru(1, 4, 1, 1, settling=AT_ONCE, nonidealities=NOISE),
    }.items()
}
SIZES = ("CLASS_BITS", "FEATURE_BITS", "CHARGE_BITS")
TESTS = ("frames", "scan_round_trip", "chain_length", "resets", "hysteresis", "survival", "skips_saturate")


# Not on Icarus, which takes half a minute for the first and far longer for the second.
LONG = ("hysteresis", "survival")
ON_ICARUS = {name: CASES[name] for name in ("one", "odd", "deep", "coarse", "narrow")}


def simulate(cases=CASES, **options: Unpack[BlockOptions]):
    options |= {"extra_sources": [BMRU_CORE], **CROSSBAR_OPTIONS}
    return simulate_cases(CoreMacro, cases, "remora.tb.blocks.bmru.test_core", **options)


def test_bmru_core():
    assert len(simulate(testcase=TESTS).tests) == len(TESTS)


def test_bmru_core_on_icarus():
    tests = [test for test in TESTS if test not in LONG]
    assert len(simulate(ON_ICARUS, testcase=tests, simulator="icarus").tests) == len(tests)


def bound() -> str:
    """Text that puts the monitor into every core, as the harness of the whole accelerator puts it beside its core."""
    sizes = ", ".join(f".{name}({name})" for name in SIZES)
    ports = ", ".join(f".{port}({signal})" for port, signal in {"clk": "clk", **WATCHED}.items())
    return f"bind remora_bmru_core remora_bmru_monitor #({sizes}) monitor ({ports});\n"


def test_the_monitor_writes_the_records_of_golden(tmp_path):
    """Candidates, outputs, features and all, with every non-ideality on; and the comparison can fail."""
    design = BMRU_DESIGNS["odd"]
    write_header(tmp_path, design)
    monitor = monitor_sources(trace_package(record_types(design), {}, {}), "bmru_monitor")
    sources = [*monitor, BMRU_CORE, write_source("bound.sv", bound())]
    options = {"extra_sources": sources, **CROSSBAR_OPTIONS, "name": "bmru_traced"}
    plusargs = [f"+remora_trace={tmp_path}"]
    cases = {"odd": {"design": design}}
    simulate_cases(CoreMacro, cases, "remora.tb.blocks.bmru.test_core", testcase="traced", plusargs=plusargs, **options)
    features = np.concatenate([random_features(design, 1, 15, seed) for seed in (51, 52)])
    expected = {FRAME: BmruCore(design, random_codes(design, 50)).run(features, [0, 15]).records(design)}
    found = read_trace(tmp_path, design)
    compare(expected, found).require(FRAME)
    assert len(found[FRAME]) == 30 and len(np.unique(found[FRAME]["cycle"])) == 30
    for field in expected[FRAME].dtype.names:
        if field not in UNCOMPARED:
            broken = expected[FRAME].copy()
            broken[field].reshape(30, -1)[7, -1] += 1
            assert compare({FRAME: broken}, found).first.field == field


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
    with pytest.raises(SimulationFailed, match=message):
        simulate(testcase="violate", config={"load": load, "violation": violation})


def test_a_violation_ends_the_simulation_on_icarus():
    message = "feature 1 is the most negative number"
    load, violation = VIOLATIONS[message]
    with pytest.raises(SimulationFailed, match=message):
        simulate(ON_ICARUS, testcase="violate", config={"load": load, "violation": violation}, simulator="icarus")

"""The bistable macro on Verilator and on Icarus Verilog, through the cells of one and several tiles both ways."""

from __future__ import annotations

from typing import Unpack

import pytest

from remora.flow.systems.crossbar.generate import write_images
from remora.flow.tools.simulator import SimulationFailed, SimulatorError
from remora.golden.crossbar.weights import random_weights
from remora.tb.models.bistable import settle
from tests.hdl.cells.driven_cells import DrivenCells
from tests.hdl.designs import BISTABLE, cases
from tests.hdl.macro_models import BISTABLE as MODEL
from tests.support import BlockOptions, simulate_cases

TESTS = ("thresholds", "sweep", "holds", "reset")


def simulate(designs=BISTABLE, **options: Unpack[BlockOptions]):
    return simulate_cases(
        DrivenCells, cases(designs), "remora.tb.blocks.cells.test_bistable_cells", extra_sources=MODEL, **options
    )


def test_bistable_cells():
    assert len(simulate(testcase=TESTS).tests) == len(TESTS)


def test_bistable_cells_on_icarus():
    assert len(simulate(testcase=TESTS, simulator="icarus").tests) == len(TESTS)


VIOLATIONS = {
    "clear and settle in one cycle": {"control__clear": 1, "control__settle": 1},
    "a threshold moves while the cells settle": {"control__settle": 1, "host__low_write": 1},
    "both thresholds are loaded at once": {"host__low_write": 1, "host__high_write": 1},
}


@pytest.mark.parametrize("message", VIOLATIONS)
def test_violations_end_the_simulation(message):
    with pytest.raises(SimulatorError, match=rf"hidden_cells_\d: {message}"):
        simulate(testcase="violate", config={"block": "bistable_tiny", "violation": VIOLATIONS[message]})


def test_a_violation_ends_the_simulation_on_icarus():
    message = "both thresholds are loaded at once"
    with pytest.raises(SimulationFailed, match=rf"hidden_cells_\d: {message}"):
        config = {"block": "bistable_tiny", "violation": VIOLATIONS[message]}
        simulate(testcase="violate", config=config, simulator="icarus")


@pytest.mark.parametrize("simulator", ["verilator", "icarus"])
def test_memory_images(tmp_path, simulator):
    design = BISTABLE["bistable_tall"]
    weights = random_weights(design, 4)
    write_images(design, weights, tmp_path)
    options = {
        "config": {"thresholds": weights.thresholds.tolist()},
        "plusargs": [f"+remora_images={tmp_path}"],
    }
    assert len(simulate({"tall": design}, testcase="images", simulator=simulator, **options).tests) == 1


@pytest.mark.parametrize(
    ("held", "current", "low", "high", "expected"),
    [
        (0, 8, 2, 4, 0), (0, 16, 2, 4, 1), (1, 9, 2, 4, 1), (1, 8, 2, 4, 0), (1, -99, 0, 4, 0),
        (1, -99, -1, 4, 1), (0, -99, -2, 0, 1), (1, 12, 3, 3, 1), (1, 11, 3, 3, 0),
    ],
)  # fmt: skip
def test_the_model_itself(held, current, low, high, expected):
    """With two fraction bits."""
    assert settle(held, current, low, high, 2) == expected

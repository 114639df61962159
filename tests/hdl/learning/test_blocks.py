"""The blocks of learning on Verilator, each against the plain model."""

from __future__ import annotations

from typing import Unpack

import pytest

from remora.flow.faults.mutation import FAULT_PLUSARG, Fault
from remora.flow.tools.simulator import SimulationFailed
from remora.hdl.learning.accumulator_store import AccumulatorStore
from remora.hdl.learning.delta_unit import DeltaUnit
from remora.hdl.learning.error_unit import ErrorUnit
from remora.hdl.learning.feedback_units import FeedbackUnits
from remora.hdl.learning.learning_engine import LearningEngine
from remora.hdl.learning.rounding_unit import RoundingUnit
from remora.hdl.learning.update.gradient_lane import GradientLane
from remora.hdl.learning.update.update_lane import UpdateLane
from remora.hdl.learning.winner_unit import WinnerUnit
from remora.spec.crossbar.learning import ERROR_LIMIT, delta_bound, feedback_bound
from tests.hdl.designs import DESIGNS, MNIST, REFERENCE, cases, make_design
from tests.hdl.learning.written_crossbars import WrittenCrossbars
from tests.hdl.macro_models import CROSSBAR, CROSSBAR_OPTIONS, MEMORY
from tests.support import BlockOptions, simulate_cases

SEEDED = {"learning": {"seed": 0xDEADBEEF}}


def test_feedback_unit():
    classes = {
        f"classes_{count}": make_design(network={"hidden": 5, "classes": count}, cell={"lanes": 1}, **SEEDED)
        for count in (1, 2, 10, 31, 32, 33, 64, 70, 256)
    }
    some = {f"columns_{count}": DESIGNS["tiny"].evolve(learning={"columns": count}) for count in (2, 3, 4)}
    some["fewer_units"] = DESIGNS["one"].evolve(learning={"columns": 4})
    some["more_units"] = make_design(
        network={"hidden": 13, "classes": 3}, cell={"lanes": 1}, learning={"columns": 3, "seed": 0xDEADBEEF}
    )
    designs = {**classes, "tiny": DESIGNS["tiny"], **some}
    assert len(simulate_cases(FeedbackUnits, cases(designs), "remora.tb.blocks.learning.test_feedback_unit").tests) == 2


def test_lanes_deltas_and_errors():
    units = {"lane": GradientLane, "update": UpdateLane, "delta": DeltaUnit, "error": ErrorUnit}
    wide = (
        make_design(  # more pulses than an accumulator can hold, the narrowest accumulator, no rounding of the readout
            network={"features": 2, "hidden": 3, "classes": 40, "max_steps": 9},
            cell={"lanes": 1},
            formats={"adc_bits": 9, "adc_range_log2": 1},
            learning={
                "accumulator_bits": 8,
                "accumulator_level": 40,
                "max_pulses": 15,
                "hidden_shift": 24,
                "readout_shift": 0,
                "feedback_shift": 0,
            },
        )
    )
    designs = {
        "one": DESIGNS["one"],
        "tiny": DESIGNS["tiny"],
        "coarse": DESIGNS["coarse"],
        "exact": DESIGNS["exact"],
        "mnist": MNIST,
        "wide": wide,
        "multipliers": MNIST.evolve(learning={"multipliers": True}),
    }

    def make(design, unit, delta, feedback):
        return units[unit](design)

    rounding = {
        "tiny": DESIGNS["tiny"].evolve(learning={"update": "direct"}),
        "primes": DESIGNS["primes"].evolve(
            learning={
                "update": "direct",
                "accumulator_level": 2,
                "hidden_shift": 3,
                "readout_shift": 4,
                "max_pulses": 1,
            },
        ),
        "exact": DESIGNS["exact"].evolve(
            learning={
                "update": "direct",
                "accumulator_level": 512,
                "hidden_shift": 0,
                "readout_shift": 0,
                "max_pulses": 5,
            },
        ),
    }
    units["rounding"] = UpdateLane
    chosen = {(unit, name): design for unit in ("lane", "update", "delta", "error") for name, design in designs.items()}
    chosen |= {("rounding", name): design for name, design in rounding.items()}
    parameters = {
        f"{unit}_{name}": {
            # What gradients are wide enough for: an error once, or a delta in every step.
            "design": design, "unit": unit,
            "delta": delta_bound(design) if design.network.max_steps > 1 else ERROR_LIMIT,
            "feedback": feedback_bound(design),
        }
        for (unit, name), design in chosen.items()
    }  # fmt: skip
    assert len(simulate_cases(make, parameters, "remora.tb.blocks.learning.test_learning_lane").tests) == 6


def test_winner_unit():
    sizes = {(1, 1): 1, (7, 10): 2, (8, 3): 8, (13, 1): 5, (16, 33): 15, (31, 2): 1}
    designs = {
        f"hidden_{hidden}_classes_{classes}": make_design(
            network={"hidden": hidden, "classes": classes},
            cell={"lanes": 1},
            learning={"enabled": True, "winners": some},
        )
        for (hidden, classes), some in sizes.items()
    }
    assert len(simulate_cases(WinnerUnit, cases(designs), "remora.tb.blocks.learning.test_winner_unit").tests) == 2


def test_rounding_unit():
    ways = {
        "one": {"accumulator_level": 2},
        "tiny": {"accumulator_level": 1024, "lanes": 4, "columns": 3},
        "primes": {"accumulator_level": 16384},
        "powers": {"accumulator_level": 32, "lanes": 8},
        "above": {"accumulator_level": 64, "columns": 4},
    }
    designs = {
        name: DESIGNS[name].evolve(learning={"update": "direct", "seed": 0xFFFFFFFF, **way})
        for name, way in ways.items()
    }
    assert len(simulate_cases(RoundingUnit, cases(designs), "remora.tb.blocks.learning.test_rounding_unit").tests) == 1


WRITTEN = {name: DESIGNS[name] for name in ("one", "tiny", "primes", "coarse")}
WRITTEN["many"] = make_design(  # more pulses at once than a device has levels
    network={"features": 4, "hidden": 6, "classes": 5, "max_steps": 2},
    cell={"lanes": 1},
    crossbar={"rows": 3, "columns": 2, "levels": 5, "pulse_cycles": 9},
    learning={"max_pulses": 15},
)
WRITTEN["reference"] = REFERENCE.evolve(learning={"max_pulses": 3})
WRITTEN["mapped"] = make_design(  # a fault map, several tiles of each layer, the last of them cut short
    network={"features": 3, "hidden": 5, "classes": 4, "max_steps": 2},
    cell={"lanes": 1},
    crossbar={"rows": 4, "columns": 2, "levels": 5},
    learning={"enabled": True, "max_pulses": 3, "compensation": True},
)
WRITTEN["mapped_reference"] = WRITTEN["mapped"].evolve(crossbar={"pair": "reference"})
AT_NIGHT = ("primes", "coarse")
"""Of the tests of the write controller, what lies between the others."""
MARKS, OF_TILE = 2 * WRITTEN["mapped"].hidden_rows, 2 * WRITTEN["mapped"].crossbar.rows
PULSED = "(good_program_hidden__up | good_program_hidden__down)"
WRITER_FAULTS = (  # in `tiny`, whose devices have 31 levels, so that short runs leave g⁻ far from its end
    Fault(
        "full_ignored", "a pulse goes to a g⁻ that is full", "tiny_write_controller",
        {"program_hidden__neg_full": "0", "program_readout__neg_full": "0"},
    ),
    Fault(
        "negative_side_uncounted", "devices written on the side of g⁻ are not counted", "tiny_write_controller",
        {"devices": f"good_devices == 0 ? 0 : $countones({PULSED} & ~good_program_hidden__side)"},
    ),
    Fault(
        "one_side_unmarked", "the marks of g⁻ are ignored", "mapped_write_controller",
        {"marks": f"marks & {{{MARKS // 2}{{2'b01}}}}"},
    ),
    Fault(
        "marks_of_another_tile", "marks are those of the row tile before", "mapped_write_controller",
        {"marks": f"{{marks[{MARKS - OF_TILE - 1}:0], marks[{MARKS - 1}:{MARKS - OF_TILE}]}}"},
    ),
    Fault(
        "marks_of_another_column", "marks are those of the column before", "mapped_write_controller",
        {"marked_column": "good_marked_column == 0 ? 0 : good_marked_column - 1"},
    ),
    Fault(
        "reference_pulsed", "pulses go to a g⁻ that is a reference", "reference_write_controller",
        {"program_hidden__side": "~good_program_hidden__side"},
    ),
)  # fmt: skip


def simulate_writes(night: bool = False, **options: Unpack[BlockOptions]):
    options |= {"extra_sources": CROSSBAR, "faults": WRITER_FAULTS, **CROSSBAR_OPTIONS}
    designs = {name: design for name, design in WRITTEN.items() if night or name not in AT_NIGHT}
    return simulate_cases(
        WrittenCrossbars, cases(designs), "remora.tb.blocks.learning.test_write_controller", **options
    )


@pytest.mark.parametrize("night", [False, pytest.param(True, marks=pytest.mark.nightly)])
def test_write_controller(night):
    assert len(simulate_writes(night).tests) == 5


@pytest.mark.parametrize("number", range(1, len(WRITER_FAULTS) + 1), ids=lambda n: WRITER_FAULTS[n - 1].name)
def test_the_write_controllers_test_notices(number):
    block = WRITER_FAULTS[number - 1].module.removesuffix("_write_controller")
    what = {1: "pulses of", 2: "devices written"}.get(number, "(pulses of|devices written|flags of)")
    with pytest.raises(SimulationFailed, match=f"{block}: {what}"):
        simulate_writes(
            testcase="compensates" if block == "mapped" else "fills", plusargs=[f"+{FAULT_PLUSARG}={number}"]
        )


def test_accumulator_store():
    designs = {name: DESIGNS[name] for name in ("one", "tiny", "powers")}
    designs["folds"] = DESIGNS["primes"].evolve(learning={"lanes": 5})
    assert (
        len(
            simulate_cases(
                AccumulatorStore,
                cases(designs),
                "remora.tb.blocks.learning.test_accumulator_store",
                extra_sources=[MEMORY],
            ).tests
        )
        == 1
    )


LEARNS = {"enabled": True}
SILENT = {"hidden_shift": 24, "readout_shift": 24}
QUICK = {"hidden_shift": 0, "readout_shift": 0}
LEARNED = {
    # Columns at once, lanes, mode, and whether all learn.
    "one": {},
    "two": {"columns": 2},
    "three": {"columns": 3},
    "four": {"columns": 4},
    "three_folds": {"columns": 3, "lanes": 5},
    "four_folds": {"columns": 4, "lanes": 8, "update": "direct"},
    "one_lane": {"lanes": 1},
    "direct": {"update": "direct"},
    "three_direct": {"update": "direct", "columns": 3},
    "winners": {"winners": 3, "columns": 2},
}
STOPPED = ("one", "three", "three_folds", "four_folds", "three_direct")
"""Ways that are stopped at every cycle of an update."""
OTHER_SIZES = (("one", 1), ("primes", 3), ("one", 4), ("coarse", 2))
"""Designs other than ``tiny``, and their columns at once."""


@pytest.mark.nightly
def test_every_way_of_the_learning_engine():
    """Cycles, and stops in every cycle. By day ``test_learning_engine.py`` has three ways, and stops some updates."""
    designs = {
        f"silent_{name}": DESIGNS["tiny"].evolve(learning=LEARNS | SILENT | way) for name, way in LEARNED.items()
    }
    designs |= {
        f"silent_{name}_{columns}": DESIGNS[name].evolve(learning=LEARNS | SILENT | {"columns": columns})
        for name, columns in OTHER_SIZES
    }
    designs |= {f"quick_{name}": DESIGNS["tiny"].evolve(learning=LEARNS | QUICK | LEARNED[name]) for name in STOPPED}
    result = simulate_cases(
        LearningEngine, cases(designs), "remora.tb.blocks.learning.test_learning_engine", extra_sources=[MEMORY]
    )
    assert len(result.tests) == 3

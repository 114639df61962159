"""The blocks of the replay buffer on Verilator: capacities of 1, primes and powers of two."""

from __future__ import annotations

from remora.hdl.learning.index_unit import IndexUnit
from remora.hdl.learning.replay_quantiser import ReplayQuantiser
from remora.hdl.learning.reservoir import Reservoir
from remora.spec.crossbar.design import DesignPoint
from tests.hdl.designs import DESIGNS, MNIST, cases
from tests.hdl.macro_models import MEMORY
from tests.support import simulate_cases


def holding(design: DesignPoint, capacity: int) -> DesignPoint:
    """The design point with a reservoir."""
    return design.evolve(learning={"replay_capacity": capacity, "seed": 0xC0FFEE})


def test_index_unit():
    attempts = {"whole": {"attempts": 256}, "two": {"attempts": 2}, "one": {"attempts": 1}}
    assert len(simulate_cases(IndexUnit, attempts, "remora.tb.blocks.learning.test_index_unit").tests) == 2


def test_replay_quantiser():
    designs = {name: DESIGNS[name] for name in ("one", "tiny", "primes", "powers", "above", "signed")} | {
        "mnist": MNIST
    }
    assert (
        len(simulate_cases(ReplayQuantiser, cases(designs), "remora.tb.blocks.learning.test_replay_quantiser").tests)
        == 2
    )


def test_reservoir():
    designs = {
        f"{name}_{capacity}": holding(DESIGNS[name], capacity)
        for name, capacity in (("one", 1), ("one", 3), ("tiny", 1), ("primes", 5), ("signed", 7), ("powers", 8))
    }
    assert (
        len(
            simulate_cases(
                Reservoir, cases(designs), "remora.tb.blocks.learning.test_reservoir", extra_sources=[MEMORY]
            ).tests
        )
        == 5
    )

"""The blocks of the replay buffer on Verilator: capacities of 1, primes and powers of two."""

from __future__ import annotations

from typing import Unpack

import pytest

from remora.flow.faults.mutation import FAULT_PLUSARG, Fault
from remora.flow.tools.simulator import RunResult, SimulationFailed
from remora.hdl.learning.index_unit import IndexUnit
from remora.hdl.learning.replay_quantiser import ReplayQuantiser
from remora.hdl.learning.reservoir import Reservoir
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.memories import head_parts
from tests.hdl.designs import DESIGNS, MNIST, cases
from tests.hdl.macro_models import MEMORY
from tests.support import BlockOptions, simulate_cases


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


RESERVOIRS = {
    f"{name}_{capacity}": holding(DESIGNS[name], capacity)
    for name, capacity in (("one", 1), ("one", 3), ("tiny", 1), ("primes", 5), ("signed", 7), ("powers", 8))
}
RESERVOIRS |= {
    f"{name}_heals": RESERVOIRS[name].evolve(learning={"enabled": True, "healing": True})
    for name in ("one_1", "primes_5", "signed_7")
}
RESERVOIR_FAULTS = tuple(
    Fault(
        f"{port}_unclamped",
        f"the {port} of a stored head is replayed as it is",
        "primes_5_reservoir",
        {port: f"good_host_heads__read_data[{part.lsb}+:{part.width}]"},
    )
    for port, part in zip(("label", "length"), head_parts(RESERVOIRS["primes_5"]), strict=True)
)


def simulate_reservoirs(**options: Unpack[BlockOptions]) -> RunResult:
    options |= {"extra_sources": [MEMORY], "faults": RESERVOIR_FAULTS}
    return simulate_cases(Reservoir, cases(RESERVOIRS), "remora.tb.blocks.learning.test_reservoir", **options)


def test_reservoir():
    assert len(simulate_reservoirs().tests) == 7


@pytest.mark.parametrize("number", [1, 2], ids=lambda number: RESERVOIR_FAULTS[number - 1].name)
def test_the_reservoirs_test_notices(number):
    with pytest.raises(SimulationFailed, match="primes_5: slot, label, length of replay"):
        simulate_reservoirs(testcase="heads_that_nobody_may_store", plusargs=[f"+{FAULT_PLUSARG}={number}"])

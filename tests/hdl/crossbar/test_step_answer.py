"""The answer with a part a step on Verilator, from one class to many."""

from __future__ import annotations

from remora.hdl.crossbar.every_step.step_answer import StepAnswer
from tests.hdl.designs import ONE, PRIMES, TINY, cases, make_design
from tests.support import simulate_cases


def test_step_answer():
    designs = {"one": ONE, "tiny": TINY, "primes": PRIMES, "sixteen": make_design(network={"classes": 16})}
    designs |= {"many": make_design(network={"classes": 256}, formats={"adc_bits": 10})}
    designs = {name: design.evolve(network={"readout": "every"}) for name, design in designs.items()}
    assert len(simulate_cases(StepAnswer, cases(designs), "remora.tb.blocks.crossbar.test_step_answer").tests) == 4

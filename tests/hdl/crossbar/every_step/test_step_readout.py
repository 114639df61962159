"""The readout after every step on Verilator: of one context, three and four, with one integrator and two, of cells of
both kinds, and with decisions that take longer than a conversion and shorter."""

from __future__ import annotations

from remora.hdl.crossbar.every_step.step_readout import StepReadout
from tests.hdl.designs import BISTABLE, ONE, PRIMES, cases, make_design
from tests.support import simulate_cases

DESIGN = make_design(  # a decision takes longer than planes and conversion
    network={"features": 5, "hidden": 9, "classes": 13, "max_steps": 7, "readout": "every"},
    cell={"lanes": 9},
    formats={"stream_bits": 3, "adc_bits": 5},
    crossbar={"rows": 8, "columns": 13, "levels": 8, "level_bits": 3, "adc_cycles": 2, "integrators": 2},
    system={"contexts": 3},
)
EVERY, TWO = {"network": {"readout": "every"}}, {"crossbar": {"integrators": 2}}


def test_step_readout():
    designs = {
        "three": DESIGN,
        "four": PRIMES.evolve(**EVERY, system={"contexts": 4}),
        "alone": PRIMES.evolve(**EVERY, **TWO),
        "one": ONE.evolve(**EVERY),
        "bistable": BISTABLE["bistable_primes"].evolve(**EVERY, crossbar={"integrators": 2, "adc_cycles": 9}),
    }
    module = "remora.tb.blocks.crossbar.every_step.test_step_readout"
    assert len(simulate_cases(StepReadout, cases(designs), module).tests) == 2

"""The MiRU cell with its state store on Verilator: one lane to all, a full last fold and one that is not."""

from __future__ import annotations

from remora.hdl.cells.miru_cell import MiruCell
from tests.hdl.designs import DESIGNS, cases, make_design
from tests.hdl.macro_models import MEMORY
from tests.support import simulate_cases


def test_miru_cell():
    designs = {name: DESIGNS[name] for name in ("one", "tiny", "primes", "powers", "signed", "coarse", "exact")}
    designs |= {f"every_{name}": designs[name].evolve(network={"readout": "every"}) for name in ("tiny", "primes")}
    designs["three"] = designs["primes"].evolve(system={"contexts": 3})
    designs["all"] = make_design(network={"hidden": 6}, cell={"lanes": 6})
    assert (
        len(
            simulate_cases(
                MiruCell, cases(designs), "remora.tb.blocks.cells.test_miru_cell", extra_sources=[MEMORY]
            ).tests
        )
        == 2
    )

"""Group feedback on Verilator: of units that all learn and of those of which some win, in groups of any size."""

from __future__ import annotations

from remora.hdl.learning.group_feedback import GroupFeedback
from tests.hdl.designs import DESIGNS, cases, make_design
from tests.support import simulate_cases


def test_group_feedback():
    odd = make_design(
        network={"features": 2, "hidden": 7, "classes": 3}, cell={"lanes": 1}, learning={"enabled": True, "columns": 3}
    )
    designs = {
        "selects": odd.evolve(learning={"winners": 2}),
        "all": odd,
        "one": DESIGNS["one"].evolve(learning={"enabled": True}),
        "fewer_units": DESIGNS["one"].evolve(learning={"enabled": True, "columns": 4}),
        "four": DESIGNS["primes"].evolve(learning={"enabled": True, "columns": 4, "winners": 5}),
        "many_classes": odd.evolve(network={"classes": 33}, learning={"columns": 2}),
    }
    module = "remora.tb.blocks.learning.test_group_feedback"
    assert len(simulate_cases(GroupFeedback, cases(designs), module).tests) == 2

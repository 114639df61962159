"""Design points of the benches of the self-test's parts: all that have one, and two small ones of odd sizes."""

from __future__ import annotations

from remora.spec.crossbar.design import DesignPoint
from tests.hdl.designs import DESIGNS, TILED, make_design

ON = {"self_test": True}
FIVE = make_design(  # five planes, lanes that divide nothing, tiles of five rows and of fewer, widest codes
    network={"features": 3, "hidden": 7, "classes": 3, "max_steps": 2},
    cell={"lanes": 5},
    formats={"adc_bits": 10, "stream_bits": 5},
    crossbar={"rows": 5, "columns": 4, **ON},
)


def with_self_test(*names: str) -> dict[str, DesignPoint]:
    """Design points of the block tests of these names, and `FIVE`."""
    known = DESIGNS | {"tiled": TILED}
    return {"five": FIVE, **{name: known[name].evolve(crossbar=ON) for name in names}}

"""The widths that design points are refused by are those of the hardware."""

from __future__ import annotations

import pytest

from remora.hdl.crossbar.top import Remora
from remora.hdl.lib.hierarchy import Library
from remora.spec.crossbar.buses import RESERVE, bundles
from remora.spec.crossbar.design import DesignPoint

LEARNS = {"enabled": True, "replay_capacity": 3}
DESIGNS = {
    "accumulate": {"network": {"features": 9, "hidden": 8, "classes": 3}, "cell": {"lanes": 3}, "learning": LEARNS},
    "direct": {
        "network": {"features": 9, "hidden": 8, "classes": 3},
        "cell": {"lanes": 3},
        "learning": LEARNS | {"update": "direct"},
    },
}


def ports(design: DesignPoint) -> dict[tuple[str, str], int]:
    """Bits of the ports of each direction of each module, together."""
    library = Library()
    library.add(Remora(design), "remora")
    return {
        (module, direction): sum(port.width for port in found.values() if port.direction == direction)
        for module, found in library.ports.items()
        for direction in ("input", "output")
    }


@pytest.mark.parametrize("name", DESIGNS)
def test_what_is_counted_is_what_is_built(name):
    design = DesignPoint(name=name, **DESIGNS[name])
    real = ports(design)
    counted = {(f"remora_{bundle.module}", "output"): bundle.bits for bundle in bundles(design)}
    assert counted
    for block, bits in counted.items():
        assert real[block] <= bits < real[block] + RESERVE + 6 * 1024, block
    # Nothing that is not counted is wider than what is; the reserve covers the registers.
    assert max(bits for block, bits in real.items() if block not in counted) < max(2 * RESERVE, *counted.values())

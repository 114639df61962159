"""How verified learning is connected with the crossbars of the core."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Value

from remora.hdl.crossbar.bring_up.stretch import Stretch
from remora.hdl.crossbar.crossbar_array import CrossbarArray
from remora.hdl.learning.core_learning import CoreLearning
from remora.hdl.lib.reading import POLARITIES, STROBES


def share_row_reads(
    m: Module, learning: CoreLearning | None, stretch: Stretch, array: CrossbarArray, read: dict[str, Value]
) -> None:
    """Add the strobes and wordlines of learning to those of the others, by name in ``read``, where it verifies.

    It reads rows that it pulses while nothing else is read.
    """
    if not learning or not learning.design.capabilities.verifies_learning:
        return
    name = array.layout.layer.name.lower()
    strobes = getattr(learning.crossbars, name)
    m.d.comb += [
        learning.stretch.integrate.eq(stretch.integrate),
        learning.stretch.settle.eq(stretch.settle),
        strobes.valid.eq(array.strobes.valid),
        getattr(learning.crossbars, f"{name}_code").eq(array.selected_code),
    ]
    driving = strobes.drive | strobes.integrate
    read["plane"] = Mux(driving, learning.crossbars.plane, read["plane"])
    read["integrator"] = Mux(driving | strobes.sample, strobes.integrator, read["integrator"])
    for strobe in ("drive", *STROBES):
        if strobe != "integrator":
            read[strobe] = read[strobe] | getattr(strobes, strobe)
    for polarity in POLARITIES:
        read[polarity] = read[polarity] | getattr(learning.wordlines, f"{name}_{polarity}")

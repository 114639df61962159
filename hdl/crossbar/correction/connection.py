"""How the corrections of columns are connected with the crossbars of the core."""

from __future__ import annotations

from collections.abc import Mapping

from amaranth.hdl import Cat, Module, Mux, Value

from remora.hdl.crossbar.correction.correction import Correction
from remora.hdl.crossbar.crossbar_array import CrossbarArray
from remora.spec.crossbar.layout import Layer


def connect_correction(
    m: Module, correction: Correction, arrays: Mapping[Layer, CrossbarArray], abort: Value, tested: Value
) -> None:
    """Add to the codes of both layers. Offsets stay through ``abort``; codes that the self-test takes have none."""
    m.d.comb += [
        correction.abort.eq(abort),
        correction.untouched.eq(tested),
        correction.pulsing.eq(Cat(array.program.busy for array in arrays.values()).any()),
    ]
    for layer, array in arrays.items():
        name = layer.name.lower()
        m.d.comb += [
            getattr(correction, f"{name}_fold").eq(array.columns.fold),
            array.added.eq(getattr(correction, f"{name}_added")),
        ]


def share_strobes(m: Module, correction: Correction, array: CrossbarArray, read: dict[str, Value]) -> None:
    """Add the strobes of the calibration to those of the others, by name in ``read``; it drives no row."""
    strobes = getattr(correction.probe, array.layout.layer.name.lower())
    m.d.comb += strobes.valid.eq(array.strobes.valid)
    read["integrator"] = Mux(correction.host.busy, strobes.integrator, read["integrator"])
    for strobe in ("sample", "convert"):
        read[strobe] = read[strobe] | getattr(strobes, strobe)

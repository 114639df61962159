"""How the corrections of columns are connected with the crossbars of the core."""

from __future__ import annotations

from collections.abc import Mapping

from amaranth.hdl import Cat, Const, Module, Mux, Value
from amaranth.lib import wiring

from remora.hdl.crossbar.correction.bias_row import BiasRow
from remora.hdl.crossbar.correction.correction import Correction
from remora.hdl.crossbar.crossbar_array import CrossbarArray
from remora.hdl.crossbar.self_test.self_test import SelfTest
from remora.hdl.lib.hierarchy import add_submodule
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer


def connect_correction(
    m: Module,
    design: DesignPoint,
    correction: Correction,
    arrays: Mapping[Layer, CrossbarArray],
    abort: Value,
    test: SelfTest | None,
) -> dict[Layer, BiasRow]:
    """Add to the codes of both layers. What is added stays through ``abort``; codes that the self-test takes have none.

    Returns:
        The rows of digital biases, where the design has some: who programs a layer does it through its row.
    """
    tested = test.host.busy if test else Const(0)
    m.d.comb += correction.untouched.eq(tested)
    if design.capabilities.calibrates:
        pulsing = Cat(array.program.busy for array in arrays.values()).any()
        m.d.comb += [correction.abort.eq(abort), correction.pulsing.eq(pulsing)]
    rows = {}
    for layer, array in arrays.items():
        name = layer.name.lower()
        m.d.comb += [
            getattr(correction, f"{name}_fold").eq(array.columns.fold),
            array.added.eq(getattr(correction, f"{name}_added")),
        ]
        if design.capabilities.digital_bias:
            rows[layer] = row = add_submodule(m, f"{name}_bias_row", BiasRow(design, layer))
            port = getattr(correction, f"{name}_bias")
            wiring.connect(m, row.inner, array.program)
            m.d.comb += [
                row.passive.eq(tested),
                row.bias.eq(port.bias),
                *(getattr(port, name).eq(getattr(row, name)) for name in ("column", "step", "raises")),
            ]
    return rows


def share_strobes(m: Module, correction: Correction, array: CrossbarArray, read: dict[str, Value]) -> None:
    """Add the strobes of the calibration to those of the others, by name in ``read``; it drives no row."""
    strobes = getattr(correction.probe, array.layout.layer.name.lower())
    m.d.comb += strobes.valid.eq(array.strobes.valid)
    read["integrator"] = Mux(correction.host.busy, strobes.integrator, read["integrator"])
    for strobe in ("sample", "convert"):
        read[strobe] = read[strobe] | getattr(strobes, strobe)


def through_bias_row(row: BiasRow, code: Value, read: dict[str, Value]) -> tuple[wiring.PureInterface, Value]:
    """Take the last wordline out of ``read``, since it belongs to digital biases. Rules K5 and K7.

    Returns:
        The port through which the layer is programmed, and the code of its selected column: the bias while the window
        drives the last row.
    """
    driven = read["pos"][-1]
    read |= {polarity: Cat(read[polarity][:-1], Const(0, 1)) for polarity in ("pos", "neg")}
    return row.outer, Mux(driven, row.bias.as_signed(), code.as_signed())

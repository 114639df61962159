"""Faults of the catalogue in the gain of codes, for designs that have gains."""

from __future__ import annotations

from remora.flow.faults.mutation import Fault
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.gain.code_gain import FRACTION_BITS, UNITY
from remora.spec.crossbar.layout import Layer, sum_bits

HIDDEN, READOUT = (f"remora_code_gain_{layer.name.lower()}" for layer in Layer)


def gain_faults(design: DesignPoint) -> list[Fault]:
    """Mistakes in what is multiplied, rounded and saturated."""
    exchanged = "the two gains are exchanged at the core"
    return [
        Fault("hidden_gain_ignored", "the gain of the hidden layer counts as 1", HIDDEN, {"gain": f"16'd{UNITY}"}),
        Fault("readout_gain_ignored", "that of the readout counts as 1", READOUT, {"gain": f"16'd{UNITY}"}),
        Fault("gain_truncated", "a product is not rounded", HIDDEN, {"code": "truncated_code"}, _scaled(design, False)),
        Fault("gain_wraps", "a product is not saturated", HIDDEN, {"code": "wrapped_code"}, _scaled(design, True)),
        Fault(
            "gains_exchanged", exchanged, "remora_core",
            {"gain__hidden": "gain__readout", "gain__readout": "gain__hidden"},
        ),
    ]  # fmt: skip


def _scaled(design: DesignPoint, wraps: bool) -> str:
    """``wrapped_code`` or ``truncated_code``: products as they are without saturation, or without rounding."""
    bits, lanes = design.formats.adc_bits, design.cell.lanes
    wide = sum_bits(design, Layer.HIDDEN) + design.capabilities.calibrates
    name, limit = "wrapped_code" if wraps else "truncated_code", design.formats.adc_limit
    half = 1 << FRACTION_BITS - 1 if wraps else 0
    rule = "value" if wraps else f"value > {limit} ? {limit} : value < -{limit} ? -{limit} : value"
    return f"""  function automatic [{bits - 1}:0] {name}_of(input int value);
    return {bits}'({rule});
  endfunction
  logic [{lanes * bits - 1}:0] {name};
  always_comb
    for (int lane = 0; lane < {lanes}; lane++)
      {name}[lane*{bits}+:{bits}] =
        {name}_of((int'($signed(sum[lane*{wide}+:{wide}])) * int'(gain) + {half}) >>> {FRACTION_BITS});"""

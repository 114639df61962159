"""Products of a design, apart from what surrounds them.

A multiplier of gates may be built in many ways, and no solver proves soon that two of them agree. So each `$mul` of the
Verilog becomes a module of its own, which the same pass of Yosys takes to gates as in synthesis. Those gates are
simulated for every input and compared with the product as integers. Then they stand in the place of the `$mul`, and
what is left to prove is that gates of one structure agree.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from remora.flow.signoff.equivalence.cut import Bit, Cut

PREFIX = "remora_product_"
"""What the names of such modules begin with."""
MOST_INPUTS = 30
"""Bits of both operands up to which every input is tried: the gates of a product of 2 × 15 bits take minutes."""
_WIDEST = 62
"""Bits of an operand or a result."""
_STEP = 16
"""Inputs that differ within one batch, as a logarithm: few enough that nets stay in the cache."""


@dataclass(frozen=True)
class Product:
    """A multiplication: its operands as bits of an input, or constants.

    Attributes:
        a, b: from the lowest bit: index of an input, or ``"0"`` or ``"1"``.
        bits: of the result. ``signed``: both operands are.
    """

    a: tuple[Bit, ...]
    b: tuple[Bit, ...]
    bits: int
    signed: bool

    @property
    def inputs(self) -> int:
        """How many bits differ."""
        return len({bit for bit in (*self.a, *self.b) if isinstance(bit, int)})

    @property
    def shape(self) -> str:
        """Its operands and its result in words."""
        sizes = (len({bit for bit in side if isinstance(bit, int)}) for side in (self.a, self.b))
        return f"{' × '.join(map(str, sizes))} → {self.bits} bits{', signed' if self.signed else ''}"


def take_products(modules: dict[str, Any]) -> dict[str, Product]:
    """Replace each multiplication of two variables by an instance, in modules of Yosys' JSON.

    Returns:
        By name, the modules that were added; each has ``x``, whose bits the operands share, and ``y``.
    """
    found: dict[str, Product] = {}
    for module in list(modules.values()):
        for name, cell in module["cells"].items():
            if cell["type"] == "$mul" and (taken := _product(cell)):
                product, inputs = taken
                kind = next((kind for kind, other in found.items() if other == product), f"{PREFIX}{len(found)}")
                found[kind] = product
                module["cells"][name] = {
                    "hide_name": cell["hide_name"], "type": kind, "parameters": {}, "attributes": {},
                    "port_directions": {"x": "input", "y": "output"},
                    "connections": {"x": inputs, "y": cell["connections"]["Y"]},
                }  # fmt: skip
    for kind, product in found.items():
        modules[kind] = _module(product)
    return found


def _product(cell: Mapping[str, Any]) -> tuple[Product, list[int]] | None:
    """A multiplication and the nets of its inputs; none where an operand is constant, or too wide to count with."""
    signed, other = (int(cell["parameters"][f"{pin}_SIGNED"], 2) == 1 for pin in "AB")
    sides = [cell["connections"][pin] for pin in "AB"]
    inputs = list(dict.fromkeys(bit for side in sides for bit in side if isinstance(bit, int)))
    number = {net: index for index, net in enumerate(inputs)}
    variable = all(any(bit in number for bit in side) for side in sides)
    if not variable or signed != other or max(len(bits) for bits in cell["connections"].values()) > _WIDEST:
        return None
    a, b = (tuple(number.get(bit, bit) for bit in side) for side in sides)
    return Product(a, b, len(cell["connections"]["Y"]), signed), inputs


def _module(product: Product) -> dict[str, Any]:
    """A product as a module of Yosys' JSON."""
    first = 2
    x = list(range(first, first + product.inputs))
    y = list(range(first + product.inputs, first + product.inputs + product.bits))
    a, b = ([x[bit] if isinstance(bit, int) else bit for bit in side] for side in (product.a, product.b))
    numbers = {
        "A_SIGNED": product.signed, "A_WIDTH": len(a), "B_SIGNED": product.signed, "B_WIDTH": len(b),
        "Y_WIDTH": product.bits,
    }  # fmt: skip
    cell = {
        "hide_name": 0, "type": "$mul", "parameters": {name: f"{int(value):032b}" for name, value in numbers.items()},
        "attributes": {}, "port_directions": {"A": "input", "B": "input", "Y": "output"},
        "connections": {"A": a, "B": b, "Y": y},
    }  # fmt: skip
    ports = {"x": {"direction": "input", "bits": x}, "y": {"direction": "output", "bits": y}}
    return {"attributes": {}, "ports": ports, "cells": {"product": cell}, "netnames": {}}


def count_wrong(product: Product, gates: Cut) -> int:
    """Simulate the gates of a product for every input.

    Returns:
        Inputs for which they do not give the product.
    """
    step = min(_STEP, product.inputs)
    order = list(_in_order(gates))
    wrong = 0
    for high in range(1 << (product.inputs - step)):
        values = np.arange(high << step, (high + 1) << step, dtype=np.int64)
        expected = _integer(product.a, product.signed, values) * _integer(product.b, product.signed, values)
        # What nothing drives is 0.
        nets: dict[Bit, Any] = {"0": np.uint8(0), "1": np.uint8(255)}
        nets |= {gates.inputs[f"x[{bit}]"]: _packed(values, bit) for bit in range(product.inputs)}
        for net, kind, pins in order:
            value, *other = (nets.get(pin, nets["0"]) for pin in pins)
            nets[net] = value & other[0] if other else ~value if kind == "$_NOT_" else value
        differs = np.zeros(max(1, (1 << step) // 8), np.uint8)
        for bit in range(product.bits):
            differs = differs | (nets.get(gates.outputs[f"y[{bit}]"], nets["0"]) ^ _packed(expected, bit))
        wrong += int(np.unpackbits(differs)[: 1 << step].sum())
    return wrong


def _packed(values: np.ndarray, bit: int) -> np.ndarray:
    """A bit of each value, eight in a byte."""
    return np.packbits(((values >> bit) & 1).astype(np.uint8))


def _integer(bits: tuple[Bit, ...], signed: bool, values: np.ndarray) -> np.ndarray:
    """An operand for each input."""
    total = np.zeros_like(values)
    for position, bit in enumerate(bits):
        value = (values >> bit) & 1 if isinstance(bit, int) else np.int64(bit == "1")
        total += -(value << position) if signed and position == len(bits) - 1 else value << position
    return total


def _in_order(gates: Cut) -> Iterator[tuple[int, str, tuple[Bit, ...]]]:
    """Gates, each behind those that it takes from."""
    done = {*gates.inputs.values()}
    for root in gates.gates:
        waiting = [root]
        while waiting:
            net = waiting[-1]
            if net in done:
                waiting.pop()
                continue
            kind, pins = gates.gates[net]
            before = [pin for pin in pins if isinstance(pin, int) and pin not in done]
            if before:
                waiting += before
                continue
            done.add(net)
            waiting.pop()
            yield net, kind, pins

"""Codes of the BMRU core: exported from a network, packed into the scan chain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from remora.golden.lib.bmru_network import BmruNetwork
from remora.spec.bmru.design import UNIT_PA, BmruDesign
from remora.spec.bmru.scan import Group, Kind, chain_bits, groups
from remora.spec.lib.errors import RemoraError


class CodesError(RemoraError):
    """Codes cannot be used; the message says what is wrong and what to do."""


@dataclass(frozen=True)
class BmruCodes:
    """Codes of every element of a core.

    Attributes:
        design: the design point; only its sizes and formats matter.
        arrays: by the group's name (`remora.spec.bmru.scan.groups`), int32 of its shape; negative where the rail bit is
            set.

    Raises:
        CodesError: a group is missing or superfluous, or an array has the wrong shape or exceeds its codes.
    """

    design: BmruDesign
    arrays: dict[str, NDArray[np.int32]]

    def __post_init__(self) -> None:
        expected = {group.name: group for group in groups(self.design)}
        if expected.keys() != self.arrays.keys():
            different = sorted(expected.keys() ^ self.arrays.keys())
            raise CodesError(f"the codes of '{self.design.name}' differ from its elements in: {', '.join(different)}")
        for name, group in expected.items():
            _check(group, self.arrays[name])

    def __getitem__(self, name: str) -> NDArray[np.int32]:
        """Codes of a group."""
        return self.arrays[name]

    def chain(self) -> NDArray[np.bool_]:
        """(bits,) as the scan chain takes them, the first bit to be shifted in first. Rules A2 and A3."""
        parts = []
        for group in groups(self.design):
            codes = self.arrays[group.name].reshape(-1)
            bits = np.abs(codes)[:, None] >> np.arange(group.code_bits) & 1
            parts.append(np.column_stack([bits, codes < 0] if group.signed else [bits]).reshape(-1))
        return np.concatenate(parts).astype(np.bool_)

    @classmethod
    def from_chain(cls, design: BmruDesign, bits: ArrayLike) -> BmruCodes:
        """The codes that a chain of bits programs; a rail bit at a code of 0 means nothing.

        Raises:
            CodesError: there are more or fewer bits than the chain has.
        """
        bits = np.asarray(bits, np.int32)
        if bits.shape != (chain_bits(design),):
            raise CodesError(f"a chain of shape {bits.shape} was given; '{design.name}' has {chain_bits(design)} bits")
        arrays = {}
        for group in groups(design):
            part = bits[group.first_bit : group.first_bit + group.elements * group.element_bits]
            part = part.reshape(group.elements, group.element_bits)
            codes = part[:, : group.code_bits] @ (1 << np.arange(group.code_bits, dtype=np.int32))
            if group.signed:
                codes = np.where(part[:, -1] == 1, -codes, codes)
            arrays[group.name] = codes.reshape(group.shape).astype(np.int32)
        return cls(design, arrays)


def _check(group: Group, codes: NDArray) -> None:
    if codes.shape != group.shape or not np.issubdtype(codes.dtype, np.integer):
        raise CodesError(f"{group.name} is {codes.dtype} of shape {codes.shape}; it needs integers of {group.shape}")
    low, high = (-group.code_limit if group.signed else 0), group.code_limit
    if codes.min() < low or codes.max() > high:
        raise CodesError(f"{group.name} holds {codes.min()} … {codes.max()}; legal codes are {low} … {high}")


@dataclass(frozen=True)
class Export:
    """A network as codes.

    Attributes:
        codes: of every element.
        saturated: by group, how many parameters lay beyond the largest code; groups without any are left out.
    """

    codes: BmruCodes
    saturated: dict[str, int]


def export_network(design: BmruDesign, network: BmruNetwork) -> Export:
    """Round each parameter to the nearest code, half up, and saturate it.

    Rule H4.

    β_lo is rounded like β_hi, and the hysteresis is their difference; so what was ordered stays ordered.

    Raises:
        CodesError: the network has other sizes than the design point.
    """
    found = {
        "features": network.features,
        "width": network.width,
        "blocks": len(network.blocks),
        "classes": network.classes,
    }
    expected = design.network.model_dump()
    if found != expected:
        differing = (
            f"network.{name} is {value} there, {expected[name]} here"
            for name, value in found.items()
            if value != expected[name]
        )
        raise CodesError(
            f"the network is of another design point than '{design.name}': {'; '.join(differing)}. Use the design "
            "point that it was trained for, or train again"
        )
    steps = {Kind.MIRROR: 2.0**-design.formats.ratio_fraction}
    parameters = network.arrays()
    arrays: dict[str, NDArray[np.int32]] = {}
    saturated: dict[str, int] = {}
    for group in groups(design):
        step = steps.get(group.kind, design.formats.bias_step_pa / UNIT_PA)
        at, _, last = group.name.rpartition(".")
        if last == "hysteresis":
            low = _round(parameters[f"{at}.low"], step, group.code_limit)[0]
            codes, beyond = arrays[f"{at}.threshold"] - low, 0
        else:
            source = {"threshold": f"{at}.high", "gain": f"{at}.level"}.get(last, group.name)
            codes, beyond = _round(parameters[source], step, group.code_limit)
        arrays[group.name] = codes
        if beyond:
            saturated[group.name] = beyond
    return Export(BmruCodes(design, arrays), saturated)


def feature_codes(design: BmruDesign, features: ArrayLike) -> tuple[NDArray[np.int32], int]:
    """DAC codes of features in units of the model, any shape, and how many of them were saturated. Rule H5."""
    formats = design.formats
    return _round(np.asarray(features, np.float64), formats.feature_step_pa / UNIT_PA, formats.feature_limit)


def _round(values: NDArray[np.float64], step: float, limit: int) -> tuple[NDArray[np.int32], int]:
    codes = np.floor(values / step + 0.5)
    return np.clip(codes, -limit, limit).astype(np.int32), int((np.abs(codes) > limit).sum())

"""Codes that a network could have, and the network that codes stand for."""

from __future__ import annotations

import numpy as np

from remora.golden.bmru.codes import BmruCodes
from remora.golden.lib.bmru_network import BmruNetwork
from remora.spec.bmru.design import UNIT_PA
from remora.spec.bmru.scan import Kind, groups


def ordered(codes: BmruCodes) -> BmruCodes:
    """The same codes with no hysteresis above its threshold, as those of a network are."""
    arrays = dict(codes.arrays)
    for name in arrays:
        if name.endswith("hysteresis"):
            arrays[name] = np.minimum(arrays[name], arrays[name.replace("hysteresis", "threshold")])
    return BmruCodes(codes.design, arrays)


def network_of(codes: BmruCodes) -> BmruNetwork:
    """The network that codes stand for, exactly, in units of the model."""
    formats, arrays = codes.design.formats, {}
    for group in groups(codes.design):
        at, _, last = group.name.rpartition(".")
        values = codes[group.name].astype(np.float64)
        if group.kind is Kind.MIRROR:
            arrays[group.name] = values / 2**formats.ratio_fraction
            continue
        if last == "hysteresis":
            values = np.maximum(codes[f"{at}.threshold"] - values, 0)
        name = {"threshold": "high", "hysteresis": "low", "gain": "level"}.get(last, last)
        arrays[f"{at}.{name}"] = values * formats.bias_step_pa / UNIT_PA
    return BmruNetwork.from_arrays(arrays)

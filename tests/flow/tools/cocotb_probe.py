"""cocotb side of ``test_simulator``: reports what it sees, misbehaves on request."""

from __future__ import annotations

import json
import random
import sys
import warnings
from pathlib import Path

import cocotb
from cocotb.triggers import Timer

from remora.tb.lib.config import load_config


@cocotb.test()
async def look(dut) -> None:
    """Write down what is visible, the first random number, and what nobody initialised."""
    await Timer(10, "ns")
    seen = {
        "visible": sorted(handle._name for handle in dut),
        "random": random.getrandbits(64),
        "forgotten": dut.forgotten_word.value.to_unsigned(),
        "plusarg": int(dut.plusarg_seen.value),
        "config": load_config(),
    }
    Path("seen.json").write_text(json.dumps(seen))


@cocotb.test()
async def hang(dut) -> None:
    """Never end."""
    while True:
        await Timer(1, "us")


@cocotb.test()
async def deprecated(dut) -> None:
    """Use what is deprecated, as libraries do."""
    warnings.warn("old", DeprecationWarning, stacklevel=1)


@cocotb.test()
async def toggle(dut) -> None:
    """Never end, and change what waveforms record."""
    while True:
        for level in (0, 1):
            dut.clk.value = level
            await Timer(1, "ns")


@cocotb.test()
async def loaders(dut) -> None:
    """Write down what loaded each module."""
    await Timer(1, "ns")
    specs = {name: getattr(module, "__spec__", None) for name, module in sys.modules.items()}
    found = {name: type(spec.loader).__name__ for name, spec in specs.items() if spec}
    Path("loaders.json").write_text(json.dumps(found))

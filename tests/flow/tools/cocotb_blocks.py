"""cocotb side of ``test_simulator``: drives the adders and queues of ``blocks``."""

from __future__ import annotations

import random
from collections import deque

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ReadOnly, RisingEdge

from remora.tb.lib.config import load_config


async def _start(dut, inputs: list[str]) -> None:
    Clock(dut.clk, 10, "ns").start()
    dut.rst.value = 1
    for name in inputs:
        getattr(dut, name).value = 0
    for _ in range(2):
        await RisingEdge(dut.clk)
    dut.rst.value = 0


@cocotb.test()
async def adders_add(dut) -> None:
    """Every adder adds, at every width, random operands and the largest."""
    config = load_config()
    widths = config["adders"]
    await _start(dut, [f"{name}__{port}" for name in widths for port in ("left", "right")])
    compared = 0
    for _ in range(config["additions"]):
        expected = {}
        for name, width in widths.items():
            left, right = (random.choice([random.getrandbits(width), 2**width - 1]) for _ in range(2))
            getattr(dut, f"{name}__left").value, getattr(dut, f"{name}__right").value = left, right
            expected[name] = left + right + config.get("wrong_by", 0)
        await RisingEdge(dut.clk)
        await RisingEdge(dut.clk)
        for name, total in expected.items():
            assert getattr(dut, f"{name}__total").value.to_unsigned() == total, f"{name} after {compared} comparisons"
            compared += 1
    assert compared == config["additions"] * len(widths) > 0


@cocotb.test()
async def queues_keep_order(dut) -> None:
    """Nothing is lost, repeated or reordered in any queue, under random stalls on both sides."""
    config = load_config()
    depths = config["queues"]
    await _start(
        dut, [f"{name}__{port}" for name in depths for port in ("input__valid", "input__payload", "output__ready")]
    )
    for name in depths:
        inside: deque[int] = deque()
        moved = 0
        while moved < config["words"]:
            valid, ready, word = random.getrandbits(1), random.getrandbits(1), random.getrandbits(8)
            getattr(dut, f"{name}__input__valid").value = valid
            getattr(dut, f"{name}__input__payload").value = word
            getattr(dut, f"{name}__output__ready").value = ready
            await ReadOnly()
            if valid and getattr(dut, f"{name}__input__ready").value == 1:
                inside.append(word)
            if ready and getattr(dut, f"{name}__output__valid").value == 1:
                assert getattr(dut, f"{name}__output__payload").value.to_unsigned() == inside.popleft(), (
                    f"{name}, word {moved}"
                )
                moved += 1
            assert len(inside) <= depths[name] + 1
            await RisingEdge(dut.clk)

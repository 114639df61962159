"""Memories on Verilator and on Icarus Verilog: content, holding reads, the end of a run that breaks a rule."""

from __future__ import annotations

import re
import subprocess
from typing import Unpack

import pytest

from remora.flow.tools.icarus import build_icarus
from remora.flow.tools.simulator import SimulationFailed
from remora.hdl.lib.memory import Memory
from remora.hdl.lib.verilog import to_verilog
from remora.spec.lib.fixed import unsigned_width
from remora.spec.lib.macro_memories import MemoryShape
from tests.hdl.macro_models import MEMORY
from tests.support import BlockOptions, icarus, simulate_cases

SIZES = (
    (1, 1), (1, 3), (2, 2), (5, 1), (16, 8), (17, 33), (100, 320), (3, 127), (3, 128), (3, 129),
    (8192, 9), (8193, 2), (8193, 129), (2 * 8192 + 5, 7),
)  # fmt: skip
SMALL = ((1, 1), (1, 3), (3, 9), (17, 33))
"""Of flip-flops."""
PARITY = ((1, 1), (5, 7), (17, 127), (3, 128), (8193, 9))
CASES = {f"words_{depth}x{width}": {"depth": depth, "width": width} for depth, width in SIZES} | {
    f"small_{depth}x{width}": {"depth": depth, "width": width, "small_bits": depth * width} for depth, width in SMALL
}
CASES |= {f"parity_{depth}x{width}": {"depth": depth, "width": width, "parity": True} for depth, width in PARITY}
CASES["small_parity"] = {"depth": 3, "width": 5, "small_bits": 15, "parity": True}
MACROS = {"words_100x320": 3, "words_3x129": 2, "words_8193x2": 2, "words_8193x129": 4, "words_16389x7": 3}
MACROS |= {"parity_3x128": 2, "parity_8193x9": 2}
"""How many a case is made of, where it is more than one."""


def simulate(**options: Unpack[BlockOptions]):
    return simulate_cases(Memory, CASES, "remora.tb.blocks.lib.test_memory", extra_sources=[MEMORY], **options)


@pytest.mark.parametrize("simulator", ["verilator", "icarus"])
def test_memory(simulator):
    result = simulate(testcase=["random_traffic", "content_survives_reset"], simulator=simulator)
    assert len(result.tests) == 2


def test_a_bit_that_flips_is_told_at_every_read():
    """On Icarus, which lets a test write a word of a model."""
    simulate(testcase="flipped_bits_are_told", simulator="icarus")


def test_parity_is_formed_only_where_it_is_checked():
    """Without parity the Verilog has no exclusive or of what a macro gives."""
    found = {
        name: [line for line in to_verilog(Memory(**case), "memory").splitlines() if re.search(r"= \^|\^ ", line)]
        for name, case in CASES.items()
        if not name.startswith("small")
    }
    assert {name for name, lines in found.items() if lines} == {name for name in found if name.startswith("parity")}
    assert len(found) > len(PARITY)


def test_every_case_is_made_as_it_says():
    made = {name: len(MemoryShape(**case).banks) for name, case in CASES.items()}
    assert made == {name: 0 if name.startswith("small") else MACROS.get(name, 1) for name in CASES}


@pytest.mark.parametrize("simulator", ["verilator", "icarus"])
@pytest.mark.parametrize(
    ("violation", "message"),
    [
        ({"write": 1, "write_address": 5}, "write to word 5 of 5"),
        ({"read": 1, "read_address": 7}, "read of word 7 of 5"),
        ({"read": 1, "write": 1, "read_address": 3, "write_address": 3}, "word 3 read and written in one cycle"),
    ],
)
def test_violations_end_the_simulation(violation, message, simulator):
    with pytest.raises(SimulationFailed, match=message):
        simulate(testcase="violate", config={"block": "words_5x1", "violation": violation}, simulator=simulator)


@pytest.mark.parametrize(
    ("depth", "width", "words"), [(16, 9, 16), (17, 8, 1), (16, 136, 1), (8208, 8, 9), (16, 8, 17)]
)
def test_the_model_refuses_a_shape_that_no_macro_has(depth, width, words, tmp_path):
    bits, bench = unsigned_width(depth), tmp_path / "bench.sv"
    ports = f".write_address({bits}'b0), .write_data({width}'b0), .read_address({bits}'b0), .read_data()"
    shape = f".WIDTH({width}), .DEPTH({depth}), .ADDRESS_BITS({bits}), .WORDS({words})"
    bench.write_text(
        f"`timescale 1ns / 1ps\nmodule bench;\n  remora_memory #({shape}) one"
        f" (.clk(1'b0), .write(1'b0), .read(1'b0), {ports});\n  initial #1 $finish;\nendmodule\n"
    )
    command = [icarus().vvp, "-n", build_icarus([bench, MEMORY], "bench", name="memory_shape").executable]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode and f"{words} of {depth} words of {width} bits: no macro has this shape" in found.stdout

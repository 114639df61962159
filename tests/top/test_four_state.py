"""Power-up in a four-state simulator: reset alone makes every output and every readable register known."""

from __future__ import annotations

import subprocess

import pytest

from remora.flow.generate.directory import Generated
from remora.flow.tools.icarus import build_icarus
from remora.flow.tools.simulator import write_source
from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib.registers import Response, register_map
from remora.spec.lib.section import Design
from remora.spec.presets import load_design
from tests.support import generated_copy, icarus
from tests.top.power_up_bench import BENCH_MODULE, WATCHED_CYCLES, power_up_bench


def learning(update: str) -> DesignPoint:
    return load_design("tiny", DesignPoint).evolve(learning={"enabled": True, "update": update, "replay_capacity": 5})


DESIGNS = {
    "tiny": load_design("tiny", DesignPoint),
    "learning": learning("accumulate"),
    "direct": learning("direct"),
    "bistable": DesignPoint(name="cells", network={"hidden": 7}, cell={"kind": "bmru"}, crossbar={"columns": 4}),
    "kws": load_design("kws", Design),
}


def power_up(generated: Generated, netlist: str | None = None) -> list[list[str]]:
    """What the bench prints on Icarus Verilog, line by line, split into words.

    Args:
        netlist: in place of the generated one.
    """
    tool, sidecar = icarus(), generated.sidecar
    text = netlist or generated.netlist.read_text(encoding="utf-8")
    sources = [
        write_source(f"{BENCH_MODULE}.sv", power_up_bench(generated.design, sidecar["ports"])),
        write_source("remora.v", text),
        *generated.models,
    ]
    build = build_icarus(sources, BENCH_MODULE, name=BENCH_MODULE)
    command = [str(tool.vvp), "-n", str(build.executable)]
    printed = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    return [line.split() for line in printed.splitlines()]


@pytest.mark.parametrize("name", DESIGNS)
def test_reset_alone_makes_outputs_and_registers_known(name, tmp_path):
    generated = generated_copy(DESIGNS[name], tmp_path)
    *lines, (end, outputs, cycles) = power_up(generated)
    ports = [port for port in generated.sidecar["ports"] if port["direction"] == "output"]
    assert end == "end" and int(outputs) == len(ports) > 10 and int(cycles) > WATCHED_CYCLES
    assert [line for line in lines if line[0] != "register"] == []
    registers = register_map(generated.design)
    assert [line[1] for line in lines] == [register.name for register in registers]
    for _, register, word, response in lines:
        assert int(response, 2) == Response.OKAY
        # int() refuses x and z.
        assert 0 <= int(word, 2) < 1 << 32, register


def test_an_unknown_register_would_be_found(tmp_path):
    """A register without its reset shows, at the output and in what software reads."""
    generated = generated_copy(DESIGNS["tiny"], tmp_path)
    text = generated.netlist.read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if line.startswith("  assign irq = ") or " irq <= " in line)
    lines = power_up(generated, text.replace(line, line.replace(";", " ^ 1'bx;")))
    assert {words[1] for words in lines if words[0] == "output"} == {"irq"}

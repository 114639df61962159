"""Nothing before the first reset counts: clocks begin low; monitors, player, recorder and checkers wait for it."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from remora.flow.generate.directory import Generated
from remora.flow.systems.crossbar.harness import trace_constants, watched_signals
from remora.flow.systems.registry import generate
from remora.flow.tools.simulator import Build, build, run, write_source
from remora.flow.verify.harness import SOURCES, TRACE, monitor_sources
from remora.flow.verify.trace_package import trace_package
from remora.spec.bmru.records import FRAME
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.records import EVENT, INSERT, LEARN, READOUT, STEP
from remora.spec.lib.trace import record_types
from remora.spec.presets import load_design
from tests.golden.bmru.cases import make_bmru

LEARNING = load_design("tiny", DesignPoint).evolve(learning={"enabled": True, "replay_capacity": 5})
MODULE = "tests.tb.sv.cocotb_power_up"
BEATS = [0x11111111, 0x22222222, 0x33333333]
WATCHED = ("remora_packet_player.tdata", "remora_packet_player.tvalid", "remora_answer_recorder.tready")


def instance(source: Path) -> str:
    """The module of a file with every input at once driven by ``noise``, but for clock, resets and the agents."""
    text = source.read_text(encoding="utf-8")
    module = re.search(r"^module (\w+)", text, re.MULTILINE)[1]
    header = text[: text.index("\n);")]
    driven = {
        "clk": "clk", "reset": "!aresetn", "engine_reset": "!aresetn", "aresetn": "aresetn", "play": "play || noise",
        "agent_tvalid": "1'b0",
    }  # fmt: skip
    live = "noise || live" if module.endswith("monitor") else "noise"
    connections = []
    for direction, name in re.findall(r"^ +(input|output) wire (?:\[.*\] )?(\w+),?(?: *//.*)?$", header, re.MULTILINE):
        if direction == "input":
            value = driven.get(name, "1'b1" if name == "tready" else f"({live}) ? '1 : '0")
        else:
            value = f"{module}__{name}" if f"{module}.{name}" in WATCHED else ""
        connections.append(f".{name}({value})")
    assert len(connections) > 3, f"{source.name}: too few ports were found"
    return f"  {module} {module}_ ({', '.join(connections)});\n"


def package(generated: Generated) -> str:
    """Kinds of records of all designs; steps have the fields of both kinds of cells."""
    learning, core = record_types(LEARNING), record_types(make_bmru(1, 1, 1, 1))
    steps = np.dtype([*LEARNING.record_fields()[STEP], ("sums", "<i4", (1,)), ("padding", "<u2")])
    widths = {name: width for name, (_, width) in watched_signals(LEARNING, generated.sidecar["probes"]).items()}
    widths |= {"current": 8 * trace_constants(LEARNING)["ROW_TILES"], "cell_state": LEARNING.network.hidden}
    return trace_package({**learning, STEP: steps, **core}, widths, trace_constants(LEARNING))


@pytest.fixture(scope="module")
def everything(tmp_path_factory) -> Build:
    """All of tb/sv in one module."""
    parts = [SOURCES / f"remora_{name}.sv" for name in TRACE]
    sources = sorted(set(SOURCES.glob("*.sv")) - set(parts))
    assert len(sources) >= 9
    instances = "".join(instance(source) for source in sources)
    generated = generate(LEARNING, tmp_path_factory.mktemp("everything"))
    sources = [*monitor_sources(package(generated)), *sources]
    text = f"""`timescale 1ns / 1ps
module power_up (
    input wire clk, input wire aresetn, input wire noise, input wire live, input wire play,
    output wire [31:0] remora_packet_player__tdata, output wire remora_packet_player__tvalid,
    output wire remora_answer_recorder__tready, output reg [7:0] edges_at_0
);
  initial edges_at_0 = 0;
  always @(posedge clk) if ($time == 0) edges_at_0 <= edges_at_0 + 1;
{instances}endmodule
"""
    return build([*sources, write_source("power_up.sv", text)], "power_up", name="power_up", optimise="build",
                 arguments=("-Wno-fatal",))  # fmt: skip


def test_nothing_before_the_first_reset_counts(everything, tmp_path):
    """Everything strobed for many cycles before it: no record, no beat, no complaint; and then all of it works."""
    packets = b"".join(beat.to_bytes(4, "little") + (0x0F).to_bytes(4, "little") for beat in BEATS)
    (tmp_path / "packets.bin").write_bytes(packets)
    answers = tmp_path / "answers.bin"
    arguments = [f"+remora_packets={tmp_path / 'packets.bin'}", f"+remora_trace={tmp_path}"]
    run(
        everything,
        MODULE,
        testcase="noise_before_the_reset",
        config={"beats": BEATS},
        plusargs=[*arguments, f"+remora_answers={answers}"],
        run_dir=tmp_path,
    )
    assert answers.stat().st_size == 0
    records = [tmp_path / f"{kind}.bin" for kind in (STEP, READOUT, EVENT, LEARN, INSERT, FRAME)]
    assert [path.stat().st_size for path in records] == [0] * len(records)
    run(everything, MODULE, testcase="strobes_after_the_reset", plusargs=arguments[1:], run_dir=tmp_path)
    assert all(path.stat().st_size for path in records)


def test_the_clock_begins_low(everything):
    """At seeds at which an ordinary start makes an edge at time 0, ``start_clock`` makes none."""
    dirty = (
        seed
        for seed in range(1, 33)
        if "edge at 0" in run(everything, MODULE, testcase="ordinary_start", seed=seed).log
    )
    for seed in (next(dirty), next(dirty)):
        run(everything, MODULE, testcase="clean_start", seed=seed)

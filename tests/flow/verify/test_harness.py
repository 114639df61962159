"""What the harness puts beside a design: monitors with nothing on some of their ports, however wide the ports."""

from __future__ import annotations

from remora.flow.generate.parts import CROSSBAR_MODELS, MACROS
from remora.flow.systems.crossbar.harness import absent_probes, trace_constants
from remora.flow.tools.ports import input_names
from remora.flow.verify.harness import SOURCES, Instance, monitor_sources
from remora.flow.verify.trace_package import trace_package
from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib.trace import record_types
from tests.readers import verilator_lint

DIRECT = DesignPoint(
    name="direct",
    network={"features": 900, "hidden": 1, "classes": 1, "max_steps": 1},
    cell={"lanes": 1},
    learning={"enabled": True},
)


def lint(text: str, tmp_path, *sources) -> str:
    """What Verilator says of a top module and what it instantiates, ports left open apart."""
    (tmp_path / "wide.sv").write_text(text, encoding="utf-8")
    options = ["--no-timing", "-Wno-PINMISSING", "--unroll-count", "1"]
    return verilator_lint([*sources, tmp_path / "wide.sv"], "wide", *options)


def wide_monitor(zero: str, tmp_path) -> str:
    """What is said of the monitor of learning without accumulators, whose port is wider than 8,192 bits."""
    ports = input_names("remora_learn_monitor", [SOURCES / "remora_learn_monitor.sv"])
    widths = dict.fromkeys(ports, 1) | {"gradients": DIRECT.learning_lanes} | absent_probes(DIRECT)
    package = trace_package(record_types(DIRECT), widths, trace_constants(DIRECT))
    instance = Instance("remora_learn_monitor", "learn", {"accumulators": zero}).verilog
    text = f"`timescale 1ns / 1ps\nmodule wide;\n{instance}endmodule\n"
    return lint(text, tmp_path, *monitor_sources(package, "learn_monitor"))


def test_monitors_take_nothing_on_wide_ports(tmp_path):
    width = absent_probes(DIRECT)["accumulators"]
    assert width > 8192 and wide_monitor(f"{width}'b0", tmp_path) == ""


def test_an_unsized_zero_would_be_refused(tmp_path):
    assert "Replication" in wide_monitor("'0", tmp_path)


def test_a_wide_tile_is_taken(tmp_path):
    tile = "remora_crossbar #(.COLUMNS(1024), .COLUMN_BITS(10), .ADC_BITS(10)) tile ();"
    models = [MACROS / f"{name}.sv" for name in ("remora_crossbar", *CROSSBAR_MODELS)]
    assert lint(f"`timescale 1ns / 1ps\nmodule wide;\n  {tile}\nendmodule\n", tmp_path, *models) == ""

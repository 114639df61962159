"""The macro files as other readers see them: slang, Verible, Yosys; and what Surelog stops at."""

from __future__ import annotations

import re

import pytest

from remora.flow.systems.crossbar.harness import REAL_DEVICES
from remora.hdl.lib.verilog import TIME_SCALE
from tests.hdl.macro_models import FOLDER, HELPERS, MEMORY
from tests.readers import slang, verible_lint, verible_syntax, yosys

MODELS = sorted(FOLDER.glob("*.sv"))
BLACKBOXES = sorted(FOLDER.glob("*.v"))


@pytest.mark.parametrize("source", [*MODELS, *BLACKBOXES], ids=lambda path: path.name)
def test_slang_accepts_every_file(source):
    text = source.read_text(encoding="utf-8")
    helpers = HELPERS if any(helper.stem in text for helper in HELPERS) else ()
    sources = [source, *(helper for helper in helpers if helper != source)]
    top = source.stem.removesuffix("_blackbox")
    if f"module {top}" in text.split("`ifdef")[0] or "`else" in text:
        assert slang(sources, top) == ""
    if REAL_DEVICES in text or helpers:
        assert slang(sources, top, [REAL_DEVICES]) == ""


def test_slang_finds_what_is_wrong(tmp_path):
    """A module without a time scale beside one that has one; and a warning."""
    plain = tmp_path / "plain.sv"
    plain.write_text("module plain; remora_memory memory (); endmodule\n", encoding="utf-8")
    assert "time scale" in slang([plain, MEMORY], "plain")
    plain.write_text("module plain; wire [1:0] a = 0; wire b = a[5]; endmodule\n", encoding="utf-8")
    assert "[-Windex-oob]" in slang([plain], "plain")


def test_verible_accepts_every_file():
    assert verible_syntax([*MODELS, *BLACKBOXES]) == ""
    assert verible_lint(MODELS) == ""


def test_verible_finds_what_is_wrong(tmp_path):
    wrong = tmp_path / "wrong.sv"
    wrong.write_text("module wrong; reg x; initial x = ; endmodule\n", encoding="utf-8")
    assert "syntax error" in verible_syntax([*MODELS, wrong])
    wrong.write_text("module wrong;\n  reg x;\n  always @* x = 1;\nendmodule\n", encoding="utf-8")
    assert "[always-comb]" in verible_lint([*MODELS, wrong])


def test_yosys_reads_the_memory():
    """As logic, at a depth that is no power of two; the contract's checks are for simulation alone."""
    parameters = "-chparam WIDTH 16 -chparam DEPTH 48 -chparam ADDRESS_BITS 6 -chparam WORDS 35"
    result = yosys([
        f"read_verilog -sv {MEMORY}", f"hierarchy -check -top remora_memory {parameters}", "proc", "memory_collect",
        "check -assert", "stat",
    ])  # fmt: skip
    assert result.returncode == 0, result.stdout[-1500:] + result.stderr[-1500:]
    assert re.search(r"\b1\s+\$mem_v2$", result.stdout, re.MULTILINE)


@pytest.mark.parametrize("source", [*MODELS, *BLACKBOXES], ids=lambda path: path.name)
def test_what_this_regression_cannot_run(source):
    """The netlist's time scale; no ``genvar`` inside a ``for``, at which Surelog stops; no ``$readmemh``, which
    simulators read differently where a file is short."""
    text = re.sub(r"//.*", "", source.read_text(encoding="utf-8"))
    assert text.count(TIME_SCALE) == text.count("`timescale") == 1
    assert not re.search(r"for\s*\(\s*genvar|\$readmem", text)

"""Figures of presets on an FPGA: they keep to the stored ones, and the document states those."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from remora.flow.signoff.baseline import FPGA, compare, store
from remora.flow.signoff.fpga.device import RESOURCES
from remora.flow.signoff.fpga.result import figures
from remora.flow.signoff.verified import ROUTED
from remora.flow.systems.crossbar.fpga.bodies import sequence_cycles
from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib.errors import CheckFailed
from remora.spec.presets import load_design

PRESETS = sorted(path.stem for path in ROUTED.glob("*.json"))
PAGE = Path(__file__).parents[4] / "docs" / "explanation" / "synthesis.md"
RESULT = {
    "name": "tiny", "tools": {"yosys": "0.70", "nextpnr": "0.11", "remora": "1"}, "mhz": 40.0,
    "resources": {name: {"used": 100, "there": 200} for name in RESOURCES.values()},
}  # fmt: skip


def test_figures_that_slip_are_named(tmp_path):
    path = tmp_path / "tiny.json"
    store(FPGA, path, figures(RESULT))
    assert len(compare(FPGA, path, figures(RESULT | {"mhz": 35.0}))) == len(FPGA.metrics) == 1 + len(RESOURCES)
    with pytest.raises(CheckFailed, match="tiny is worse than .*: mhz is 33.0, stored 40.0"):
        compare(FPGA, path, figures(RESULT | {"mhz": 33.0}))
    more = {"resources": RESULT["resources"] | {"multipliers": {"used": 101, "there": 200}}}
    with pytest.raises(CheckFailed, match="multipliers is 101, stored 100"):
        compare(FPGA, path, figures(RESULT | more))


def test_the_document_states_the_stored_figures():
    section = PAGE.read_text(encoding="utf-8").partition("\n## Figures on an FPGA\n")[2]
    rows = re.findall(r"^\| `([\w-]+)` \| (\d.*) \|$", section, re.MULTILINE)
    wanted = {}
    for preset in PRESETS:
        metrics = json.loads((ROUTED / f"{preset}.json").read_text(encoding="utf-8"))["metrics"]
        mhz, *used = (metric["value"] for metric in metrics.values())
        cycles = sequence_cycles(load_design(preset, DesignPoint))
        rates = (f"{mhz * 1e6 / count:,.0f} {kind.replace('_', ' ')}" for kind, count in cycles.items())
        wanted[preset] = " | ".join([f"{mhz:.1f}", *(f"{count:,}" for count in used), ", ".join(rates)])
    assert dict(rows) == wanted and "tiny" in wanted


@pytest.mark.nightly
@pytest.mark.parametrize("preset", PRESETS)
def test_presets_keep_their_figures(remora, tmp_path, preset):
    files = "--json", tmp_path / "result.json", "--baseline", ROUTED / f"{preset}.json", "-o", tmp_path / "out"
    done = remora("fpga", preset, *files)
    assert done.code == 0, done.err
    assert sum(f"{metric}: " in done.out for metric in FPGA.metrics) == len(FPGA.metrics)
    assert (tmp_path / "out" / "ecp5.bit").stat().st_size > 1000
    result = json.loads((tmp_path / "result.json").read_text())
    used = result["resources"]["multipliers"]["used"]
    assert sum(each["multipliers"] for each in result["by_block"].values()) == used > 0
    assert result["by_block"]["remora_crossbar"]["multipliers"] > 24
    path = result["worst_path"]
    assert path["ns"] == pytest.approx(1000 / result["mhz"], abs=0.01) and 0 < path["routing_ns"] < path["ns"]
    assert path["blocks"] and set(result["sequences_per_second"]) == set(result["sequence_cycles"])

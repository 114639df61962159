"""Every monitor builds for records beyond 8,192 bits, which Verilator takes for a mistake unless it is told otherwise.

That limit is an option, so that records of small designs stand for those of large ones.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from remora.flow.generate.parts import MACROS
from remora.flow.systems.bmru.harness import bmru_harness
from remora.flow.systems.crossbar.harness import crossbar_harness
from remora.flow.systems.registry import generate
from remora.flow.verify.harness import Harness, monitor_sources
from remora.spec.bmru.design import BmruDesign
from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib.trace import record_types
from tests.flow.verify.test_harness import lint

LIMIT_BITS = 32
"""In place of 8,192: below the record of every kind."""
SMALL = {"features": 3, "hidden": 5, "classes": 3, "max_steps": 4}
DESIGNS = {
    "learning": DesignPoint(
        name="learning", network=SMALL, cell={"lanes": 2}, learning={"enabled": True, "replay_capacity": 2}
    ),
    "bistable": DesignPoint(name="cells", network=SMALL, cell={"kind": "bmru", "lanes": 2}),
    "bmru": BmruDesign(name="core", network={"features": 3}),
}


def harness_of(design: DesignPoint | BmruDesign, folder: Path) -> tuple[Harness, list[Path]]:
    """The harness, and models of macros that its monitors bind themselves into."""
    probes = generate(design, folder).sidecar["probes"]
    if isinstance(design, DesignPoint):
        return crossbar_harness(design, probes), []
    return bmru_harness(design, probes), [MACROS / "remora_bmru_core.sv"]


@pytest.mark.parametrize("name", ["learning", "bistable", pytest.param("bmru", marks=pytest.mark.nightly)])
def test_monitors_build_for_wide_records(name, tmp_path):
    design = DESIGNS[name]
    assert all(8 * dtype.itemsize > LIMIT_BITS for dtype in record_types(design).values())
    harness, models = harness_of(design, tmp_path / "generated")
    monitors = [module for module in harness.modules if module.endswith("monitor")]
    instances = "".join(f"  remora_{module} {module} ();\n" for module in monitors)
    text = f"`timescale 1ns / 1ps\nmodule wide;\n{instances}endmodule\n"
    sources = ["--replication-limit", str(LIMIT_BITS), *monitor_sources(harness.package, *monitors), *models]
    assert monitors and lint(text, tmp_path, *sources) == ""

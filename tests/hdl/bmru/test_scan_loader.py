"""The scan loader with the core's model behind it on Verilator: chains of a whole number of words and not."""

from __future__ import annotations

from remora.spec.bmru.scan import chain_bits
from tests.golden.bmru.cases import make_bmru
from tests.hdl.bmru.scanned_core import ScannedCore
from tests.hdl.macro_models import BMRU_CORE, CROSSBAR_OPTIONS
from tests.support import simulate_cases

DESIGNS = {
    "one": make_bmru(1, 1, 1, 1),
    "odd": make_bmru(2, 3, 1, 2),
    "whole": make_bmru(3, 1, 1, 1),
}


def test_scan_loader():
    lengths = {name: chain_bits(design) % 32 for name, design in DESIGNS.items()}
    assert lengths["one"] and lengths["odd"] and not lengths["whole"]
    cases = {name: {"design": design} for name, design in DESIGNS.items()}
    options = {"extra_sources": [BMRU_CORE], **CROSSBAR_OPTIONS}
    assert len(simulate_cases(ScannedCore, cases, "remora.tb.blocks.bmru.test_scan_loader", **options).tests) == 4

"""The table of verified parameter sets: every set that is held is in it, with what is done."""

from __future__ import annotations

import re

from docs.pages.verified import proofs, verified
from remora.flow.signoff.verified import (
    BASELINES,
    GATES_SIMULATED,
    MAPPED_BY_DAY,
    SIMULATED,
    verified_sets,
)
from remora.spec.presets import preset_names


def test_every_set_that_is_simulated_or_mapped_is_in_the_table():
    found = {each.name: each for each in verified_sets()}
    mapped = {path.stem for path in BASELINES.glob("*.json")}
    assert found.keys() == {each.name for each in SIMULATED} | mapped and len(found) > 8
    for each in found.values():
        assert bool(each.simulators) == (each.name in {one.name for one in SIMULATED})
        assert (each.mhz is not None) == (each.area is not None) == (each.name in mapped)
        assert each.simulators or each.mhz is not None
    assert {each.hash for each in SIMULATED for each in [each.design]} <= {each.hash for each in found.values()}
    assert {*MAPPED_BY_DAY} <= mapped <= set(preset_names())
    assert {*GATES_SIMULATED} == {each.name for each in found.values() if each.gates}


def test_the_page_has_a_row_for_each():
    rows = re.findall(r"^\| `([^`]+)` \| `([0-9a-f]{16})` \|", verified(), re.MULTILINE)
    assert rows == [(each.name, each.hash) for each in verified_sets()]
    assert verified().count("| no |") == len(rows) and "answer" in proofs()

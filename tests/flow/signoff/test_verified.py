"""The table of verified parameter sets: every set that is held is in it, with what is done."""

from __future__ import annotations

import re

from docs.pages.verified import proofs, verified
from remora.flow.signoff.verified import (
    BASELINES,
    EQUIVALENT,
    GATES_BY_DAY,
    GATES_SIMULATED,
    MAPPED_BY_DAY,
    ROUTED,
    SIMULATED,
    verified_sets,
)
from remora.spec.presets import preset_names


def test_every_set_that_is_held_is_in_the_table():
    found = {each.name: each for each in verified_sets()}
    mapped, routed = ({path.stem for path in folder.glob("*.json")} for folder in (BASELINES, ROUTED))
    assert found.keys() == {each.name for each in SIMULATED} | mapped | routed and len(found) > 8
    for each in found.values():
        assert bool(each.simulators) == (each.name in {one.name for one in SIMULATED})
        assert (each.mhz is not None) == (each.area is not None) == (each.name in mapped)
        assert (each.routed_mhz is not None) == (each.name in routed)
    assert {each.hash for each in SIMULATED for each in [each.design]} <= {each.hash for each in found.values()}
    assert {*MAPPED_BY_DAY} <= mapped | routed <= set(preset_names())
    assert {*GATES_BY_DAY} < {*GATES_SIMULATED}
    assert {*EQUIVALENT} == {each.name for each in found.values() if each.equivalent}
    assert {*GATES_SIMULATED} == {each.name for each in found.values() if each.gates}


def test_the_page_has_a_row_for_each():
    rows = re.findall(r"^\| `([^`]+)` \| `([0-9a-f]{16})` \|", verified(), re.MULTILINE)
    assert rows == [(each.name, each.hash) for each in verified_sets()]
    assert verified().count(" MHz (nightly) |") == sum(each.routed_mhz is not None for each in verified_sets()) > 0
    assert "answer" in proofs()

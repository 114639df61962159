"""Capabilities of a design point, and what follows from them: counters, records, registers."""

from __future__ import annotations

import pytest

from remora.spec.bmru.design import BmruDesign
from remora.spec.bmru.records import FRAME
from remora.spec.crossbar.counters import Counter
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.records import EVENT, INSERT, LEARN, READOUT, STEP
from remora.spec.lib.registers import register_map
from remora.spec.presets import load_design

DEFAULT = DesignPoint(name="default")
CELLS = DEFAULT.evolve(cell={"kind": "bmru"})
LEARNS = DEFAULT.evolve(learning={"enabled": True})
SELECTS = DEFAULT.evolve(learning={"enabled": True, "update": "direct", "winners": 5})
REPLAYS = DEFAULT.evolve(learning={"enabled": True, "replay_capacity": 3})
INTERLEAVES = DEFAULT.evolve(system={"contexts": 2})
EVERY = DEFAULT.evolve(network={"readout": "every"})
KWS = load_design("kws", BmruDesign)


@pytest.mark.parametrize(
    ("design", "wanted"),
    [
        (DEFAULT, set()),
        (DEFAULT.evolve(learning={"winners": 5, "replay_capacity": 3}), set()),
        (CELLS, {"bistable"}),
        (LEARNS, {"learns", "accumulates"}),
        (SELECTS, {"learns", "selects"}),
        (REPLAYS, {"learns", "accumulates", "replays"}),
        (INTERLEAVES, {"interleaves"}),
        (EVERY, {"reads_every_step"}),
        (LEARNS.evolve(system={"parity": True}), {"learns", "accumulates", "parity"}),
        (SELECTS.evolve(system={"parity": True}), {"learns", "selects"}),
        (DEFAULT.evolve(system={"parity": True}), set()),
    ],
)
def test_capabilities_are_what_the_fields_ask_for(design, wanted):
    found = design.capabilities.model_dump()
    assert {name for name, there in found.items() if there} == wanted and len(found) == 8
    assert design.capabilities == design.evolve(name="other").capabilities
    with pytest.raises(ValueError, match="frozen"):
        design.capabilities.learns = True


@pytest.mark.parametrize(
    "design", [DEFAULT, CELLS, LEARNS, SELECTS, REPLAYS, INTERLEAVES, EVERY, KWS], ids=lambda each: str(each.CORE)
)
def test_the_register_map_has_the_counters_of_the_design_point(design):
    counters = design.counters()
    names = {f"{counter.name}_{word}" for counter in counters for word in ("LOW", "HIGH")}
    assert names == {register.name for register in register_map(design) if register.address >= 0x100}
    assert list(counters) == sorted(counters) and len(counters) >= 14


def test_what_a_counter_needs_is_a_capability():
    needed = {counter.needs for counter in Counter} - {None}
    assert needed == {"learns", "replays", "interleaves"} <= set(type(DEFAULT.capabilities).model_fields)
    assert Counter(14) is Counter.LEARNED and Counter.LEARNED == 14


def test_records_are_those_of_the_capabilities():
    found = [set(design.record_fields()) for design in (DEFAULT, LEARNS, REPLAYS, KWS)]
    assert found == [
        {STEP, READOUT, EVENT},
        {STEP, READOUT, EVENT, LEARN},
        {STEP, READOUT, EVENT, LEARN, INSERT},
        {FRAME},
    ]


def test_the_register_tells_which_steps_are_read_out():
    """The field is there where it is 1, so that software reads 0 of every other design point."""
    found = [register_map(design)["CAPABILITIES"] for design in (DEFAULT, EVERY)]
    assert [register.decode(register.reset).get("readout") for register in found] == [None, 1]
    assert found[1].reset ^ found[0].reset == found[1].field("readout").mask

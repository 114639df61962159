"""Capabilities of a design point, and what follows from them: counters, records, registers."""

from __future__ import annotations

import pytest

from remora.spec.bmru.design import BmruDesign
from remora.spec.bmru.records import FRAME
from remora.spec.crossbar.counters import Counter
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.memories import HostMemory, host_memories
from remora.spec.crossbar.records import EVENT, INSERT, LEARN, READOUT, STEP
from remora.spec.lib.macro_memories import MemoryShape
from remora.spec.lib.registers import register_map
from remora.spec.presets import load_design

DEFAULT = DesignPoint(name="default")
CELLS = DEFAULT.evolve(cell={"kind": "bmru"})
LEARNS = DEFAULT.evolve(learning={"enabled": True})
SELECTS = DEFAULT.evolve(learning={"enabled": True, "update": "direct", "winners": 5})
REPLAYS = DEFAULT.evolve(learning={"enabled": True, "replay_capacity": 3})
HEALS = REPLAYS.evolve(learning={"healing": True})
COMPENSATES = SELECTS.evolve(learning={"compensation": True})
INTERLEAVES = DEFAULT.evolve(system={"contexts": 2})
EVERY = DEFAULT.evolve(network={"readout": "every"})
VERIFIES = DEFAULT.evolve(crossbar={"verify_pulses": 1})
CODES = DEFAULT.evolve(system={"count_codes": True})
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
        (HEALS, {"learns", "accumulates", "replays", "heals"}),
        (HEALS.evolve(learning={"enabled": False}), set()),
        (COMPENSATES, {"learns", "selects", "compensates"}),
        (COMPENSATES.evolve(system={"parity": True}), {"learns", "selects", "compensates", "parity"}),
        (COMPENSATES.evolve(learning={"enabled": False}), set()),
        (INTERLEAVES, {"interleaves"}),
        (EVERY, {"reads_every_step"}),
        (VERIFIES, {"verifies"}),
        (CODES, {"counts_codes"}),
        (DEFAULT.evolve(crossbar={"verify_reads": 4}), set()),
        (LEARNS.evolve(system={"parity": True}), {"learns", "accumulates", "parity"}),
        (SELECTS.evolve(system={"parity": True}), {"learns", "selects"}),
        (DEFAULT.evolve(system={"parity": True}), set()),
        (CELLS.evolve(system={"parity": True}), {"bistable"}),
        (DEFAULT.evolve(crossbar={"self_test": True}), {"tests_itself"}),
        (DEFAULT.evolve(crossbar={"spare_columns": 1}), {"spares"}),
        (DEFAULT.evolve(crossbar={"calibrate_offsets": True}), {"calibrates"}),
        (DEFAULT.evolve(crossbar={"gain": True}), {"gains"}),
        (LEARNS.evolve(learning={"verify_reads": 4}), {"learns", "accumulates", "verifies_learning"}),
        (DEFAULT.evolve(learning={"verify_reads": 4}), set()),
        (DEFAULT.evolve(crossbar={"bias": "digital"}), {"digital_bias"}),
    ],
)
def test_capabilities_are_what_the_fields_ask_for(design, wanted):
    found = design.capabilities.model_dump()
    assert {name for name, there in found.items() if there} == wanted and len(found) == 18
    assert design.capabilities == design.evolve(name="other").capabilities
    with pytest.raises(ValueError, match="frozen"):
        design.capabilities.learns = True


@pytest.mark.parametrize(
    "design",
    [DEFAULT, CELLS, LEARNS, SELECTS, REPLAYS, HEALS, COMPENSATES, INTERLEAVES, EVERY, VERIFIES, CODES, KWS],
    ids=lambda each: str(each.CORE),
)
def test_the_register_map_has_the_counters_of_the_design_point(design):
    counters = design.counters()
    names = {f"{counter.name}_{word}" for counter in counters for word in ("LOW", "HIGH")}
    assert names == {register.name for register in register_map(design) if 0x100 <= register.address < 0x300}
    assert list(counters) == sorted(counters) and len(counters) >= 14


def test_what_a_counter_needs_is_a_capability():
    needed = {counter.needs for counter in Counter} - {None}
    assert (
        needed
        == {"learns", "replays", "heals", "interleaves", "verifies", "counts_codes", "verifies_learning"}
        <= set(type(DEFAULT.capabilities).model_fields)
    )
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


SHORT = {"network": {"features": 3, "hidden": 5, "classes": 2, "max_steps": 4}, "cell": {"lanes": 5}}
DIRECT = {"enabled": True, "update": "direct"}


@pytest.mark.parametrize(
    ("learning", "memories"),
    [
        ({"enabled": True}, {HostMemory.ACCUMULATORS}),
        ({**DIRECT, "replay_capacity": 3}, {HostMemory.RESERVOIR_STEPS, HostMemory.RESERVOIR_HEADS}),
        ({"enabled": True, "replay_capacity": 3}, set(HostMemory) - {HostMemory.FAULT_MAP}),
        ({**DIRECT, "compensation": True}, {HostMemory.FAULT_MAP}),
        ({"enabled": True, "replay_capacity": 3, "compensation": True}, set(HostMemory)),
    ],
    ids=["accumulators", "reservoir", "both", "map", "all"],
)
def test_parity_needs_a_macro_that_holds_what_was_learnt(learning, memories):
    """Flip-flops have no parity: where they hold every memory, nothing is announced, and the field changes nothing."""
    design = DEFAULT.evolve(**SHORT, learning=learning, system={"parity": True, "small_memory_bits": 0})
    sizes = host_memories(design)
    assert set(sizes) == memories
    bits = [size.stored_width * size.stored_depth for size in sizes.values()]
    found = {}
    for small in (0, min(bits) - 1, min(bits), max(bits) - 1, max(bits)):
        other = design.evolve(system={"small_memory_bits": small})
        shapes = [MemoryShape(size.stored_width, size.stored_depth, small, True) for size in sizes.values()]
        parity = any(bank.parity for shape in shapes for bank in shape.banks)
        registers = register_map(other)
        capabilities = registers["LEARN_CAPABILITIES"]
        assert other.capabilities.parity == parity == (small < max(bits))
        assert capabilities.decode(capabilities.reset)["parity"] == parity
        assert ("MEMORY_ERRORS" in {register.name for register in registers}) == parity
        assert ("system.parity" in other.unheeded()) != parity
        assert not other.evolve(system={"parity": False}).capabilities.parity
        found[small] = parity
    assert set(found.values()) == {False, True}


@pytest.mark.parametrize(
    ("change", "message"),
    [({"lanes": 2049}, "learning.lanes is 2049 but"), ({"update": "direct", "winners": 1024}, "learning.winners is")],
)
def test_a_fault_is_told_with_parity_too(change, message):
    with pytest.raises(ValueError, match=message):
        LEARNS.evolve(learning=change, system={"parity": True})

"""The register map of the BMRU core's controller: right for every design point, with the same rules as the other."""

from __future__ import annotations

import pytest

from remora.spec.bmru.counters import BmruCounter
from remora.spec.bmru.design import BmruDesign
from remora.spec.bmru.frames import FrameDrop
from remora.spec.bmru.scan import chain_bits
from remora.spec.lib.registers import ADDRESS_BITS, WORD_BITS, WORD_BYTES, Kind, register_map

SMALL = BmruDesign(name="small", network={"features": 1, "width": 1, "blocks": 1, "classes": 1}, vote={"frames": 1})
LARGE = BmruDesign(
    name="large", network={"features": 256, "width": 512, "blocks": 8, "classes": 16}, settling={"phase_cycles": 5},
    vote={"frames": 1023, "sliding": True, "wake_class": 15},
)  # fmt: skip
DESIGNS = pytest.mark.parametrize("design", [BmruDesign(name="default"), SMALL, LARGE], ids=lambda each: each.name)


@DESIGNS
def test_constants_and_reset_values_say_what_the_design_is(design):
    registers, network, vote = register_map(design), design.network, design.vote
    expected = {
        "ID": {"magic": int.from_bytes(b"REMO", "big")},
        "HASH_LOW": {"hash": int(design.hash[8:], 16)},
        "HASH_HIGH": {"hash": int(design.hash[:8], 16)},
        "NETWORK0": {"features": network.features, "width": network.width},
        "NETWORK1": {"classes": network.classes, "blocks": network.blocks},
        "SCAN_LENGTH": {"bits": chain_bits(design)},
        "PACE": {"period": 328},
        "VOTE": {"frames": vote.frames, "sliding": vote.sliding, "wake_class": vote.wake_class},
        "WAKE_THRESHOLD": {"votes": vote.frames // 2 + 1},
        "REPORT": {"votes": 1, "frames": 0},
    }
    assert {name: registers[name].decode(registers[name].reset) for name in expected} == expected
    assert registers["VOTE"].field("frames").maximum == vote.frames


@DESIGNS
def test_registers_are_words_that_do_not_overlap_and_are_described(design):
    registers = register_map(design)
    addresses = [register.address for register in registers]
    assert addresses == sorted(set(addresses)) and max(addresses) < 1 << ADDRESS_BITS
    for register in registers:
        used = 0
        assert register.address % WORD_BYTES == 0 and register.title and register.description.endswith(".")
        for field in register.fields:
            assert not used & field.mask and field.mask < 1 << WORD_BITS
            assert field.reset <= field.maximum and field.description.endswith(".")
            used |= field.mask


def test_counters_are_those_of_the_enumeration_in_its_order():
    registers = register_map(SMALL)
    assert SMALL.counters() == tuple(BmruCounter)
    words = [word for counter in BmruCounter for word in registers.counter(counter)]
    assert [word.address for word in words] == [0x100 + WORD_BYTES * number for number in range(len(words))]
    assert {word.fields[0].kind for word in words} == {Kind.STATUS}


def test_every_drop_cause_has_interrupt_and_counter():
    for cause in FrameDrop:
        name = f"dropped_{cause.name.lower()}"
        assert register_map(SMALL)["INTERRUPT_STATUS"].field(name).lsb == 8 + cause
        assert BmruCounter[name.upper()] == BmruCounter.DROPPED_FRAMING + cause


def test_interrupts_are_enabled_by_the_bit_at_the_same_place():
    status, enable = (register_map(SMALL)[f"INTERRUPT_{name}"].fields for name in ("STATUS", "ENABLE"))
    assert [field.mask for field in status] == [field.mask for field in enable]
    assert [field.enabled_by for field in status] == [field.port for field in enable]


def test_guards():
    guards = {register.name: register.guard for register in register_map(SMALL) if register.guard}
    assert guards == {"SCAN_CONTROL": "scan", "SCAN_CHECK": "halted", "SCAN_DATA": "scan_word"}
    assert [register.name for register in register_map(SMALL) if register.external] == ["SCAN_DATA"]

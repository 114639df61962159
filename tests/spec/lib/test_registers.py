"""The register map: complete, free of overlaps, and right for every legal design point."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remora.spec.crossbar.counters import Counter
from remora.spec.crossbar.design import Cell, Crossbar, DesignPoint, Learning, Network, System
from remora.spec.crossbar.layout import WINDOW_ROWS, Layer, layer_layout
from remora.spec.crossbar.tiles import MAX_TILE
from remora.spec.lib import rdl
from remora.spec.lib.packets import Drop
from remora.spec.lib.registers import (
    ADDRESS_BITS,
    COUNTER_BITS,
    WORD_BITS,
    WORD_BYTES,
    Kind,
    counter_value,
    register_map,
)

DEFAULT = DesignPoint(name="default")
REPLAYS = DesignPoint(name="replays", learning=Learning(replay_capacity=9, replay_ratio=2)).evolve(
    learning={"enabled": True}
)
COUNTER_ADDRESSES = range(0x100, 0x300)
EVERY_COUNTER = REPLAYS.evolve(
    learning={"healing": True, "verify_reads": 1},
    system={"contexts": 2, "count_codes": True},
    crossbar={"verify_pulses": 1},
)
SMALLEST = DesignPoint(
    name="smallest",
    network=Network(features=1, hidden=1, classes=1, max_steps=1),
    cell=Cell(lanes=1, reset_coefficient=0, update_coefficient=0),
    crossbar=Crossbar(rows=1, columns=1),
)
LARGEST = DesignPoint(
    name="largest",
    network=Network(features=1024, hidden=1024, classes=256, max_steps=4096, feature_signed=True),
    cell=Cell(lanes=1024, reset_coefficient=256, update_coefficient=256),
    crossbar=Crossbar(rows=1024, columns=1024),
)
TALLEST = LARGEST.evolve(name="tallest", network={"hidden": 16}, cell={"lanes": 16}, crossbar={"rows": 5})
WIDEST = DesignPoint(
    name="widest",
    network=Network(features=1, hidden=256, classes=256),
    cell=Cell(lanes=1),
    crossbar=Crossbar(rows=1024, columns=1),
)
DESIGNS = pytest.mark.parametrize(
    "design", [DEFAULT, SMALLEST, LARGEST, TALLEST, WIDEST], ids=lambda design: design.name
)


@DESIGNS
def test_constants_say_what_the_design_is(design):
    registers = register_map(design)
    hidden, readout = (layer_layout(design, layer) for layer in Layer)
    expected = {
        "ID": {"magic": int.from_bytes(b"REMO", "big")},
        "VERSION": {"major": 3, "minor": 0},
        "HASH_LOW": {"hash": int(design.hash[8:], 16)},
        "HASH_HIGH": {"hash": int(design.hash[:8], 16)},
        "NETWORK0": {"features": design.network.features, "hidden": design.network.hidden},
        "NETWORK1": {"classes": design.network.classes, "max_steps": design.network.max_steps},
        "CAPABILITIES": {
            "cell_kind": 0,
            "feature_signed": design.network.feature_signed,
            "learning": 0,
            "integrators": int(design.crossbar.integrators == 2),
            "contexts": design.system.contexts,
            "lanes": design.cell.lanes,
        },
        "HIDDEN_TILES": {"row_tiles": hidden.row_tiles, "column_tiles": hidden.column_tiles},
        "READOUT_TILES": {"row_tiles": readout.row_tiles, "column_tiles": readout.column_tiles},
        "RESET_COEFFICIENT": {"value": design.cell.reset_coefficient},
        "UPDATE_COEFFICIENT": {"value": design.cell.update_coefficient},
    }
    assert {name: registers[name].decode(registers[name].reset) for name in expected} == expected


@DESIGNS
def test_design_changes_only_reset_values(design):
    def shape(design):
        return [
            (register.name, register.address, [(field.name, field.mask, field.kind) for field in register.fields])
            for register in register_map(design)
        ]

    assert shape(design) == shape(DEFAULT)


def test_window_select_reaches_every_tile_and_column():
    fields = {field.name: field for field in register_map(DEFAULT)["WINDOW_SELECT"].fields}
    assert fields["layer"].maximum >= max(Layer)
    assert fields["tile"].maximum >= 256 - 1  # the design point refuses more tiles
    assert fields["column"].maximum == MAX_TILE - 1
    assert fields["slice"].maximum == MAX_TILE // WINDOW_ROWS - 1


def test_the_weight_window_counts_all_of_its_rows():
    registers = register_map(DEFAULT)
    assert registers["WINDOW_POINTER"].field("row").maximum == WINDOW_ROWS - 1
    assert registers["WINDOW_STATUS"].field("mismatches").maximum >= WINDOW_ROWS


def test_addresses_are_words_of_the_region_and_ascend():
    addresses = [register.address for register in register_map(DEFAULT)]
    assert addresses == sorted(set(addresses))
    assert all(address % WORD_BYTES == 0 and address < 1 << ADDRESS_BITS for address in addresses)


def test_fields_do_not_overlap_and_hold_their_reset_value():
    count = 0
    for register in register_map(DEFAULT):
        used = 0
        for field in register.fields:
            assert not used & field.mask and field.mask < 1 << WORD_BITS
            assert field.reset <= field.maximum <= field.mask >> field.lsb
            used |= field.mask
            count += 1
    assert count > len(register_map(DEFAULT))


def test_everything_is_described():
    for register in register_map(DEFAULT):
        assert register.title and register.description.endswith(".")
        assert all(field.description.endswith(".") for field in register.fields)


def test_ports_are_unique():
    ports = [field.port for register in register_map(DEFAULT) for field in register.fields]
    assert len(ports) == len(set(ports)) > 0


def test_counters_are_those_of_the_enumeration_in_its_order():
    registers = register_map(EVERY_COUNTER)
    words = [word for counter in Counter for word in registers.counter(counter)]
    assert [word.address for word in words] == [0x100 + WORD_BYTES * number for number in range(2 * len(Counter))]
    assert [register for register in registers if register.address in COUNTER_ADDRESSES] == words
    assert {word.fields[0].kind for word in words} == {Kind.STATUS}
    widths = [low.fields[0].width + high.fields[0].width for low, high in map(registers.counter, Counter)]
    assert set(widths) == {COUNTER_BITS}


def test_counters_of_learning_are_there_only_where_it_learns():
    without, learns = register_map(DEFAULT), register_map(DEFAULT.evolve(learning={"enabled": True}))
    extra = {register.name for register in learns} - {register.name for register in without}
    names = {"LEARNED", "LEARN_CYCLES", "FEEDBACK_CYCLES", "PULSES_DROPPED"}
    kinds = ("PULSES", "PULSES_DROPPED", "DEVICES")
    names |= {f"{kind}_{layer.name}" for kind in kinds for layer in Layer}
    assert {name for name in extra if name.endswith(("_LOW", "_HIGH"))} == {
        f"{name}_{word}" for name in names for word in ("LOW", "HIGH")
    }
    assert {
        counter.name for counter in set(DEFAULT.evolve(learning={"enabled": True}).counters()) - set(DEFAULT.counters())
    } == names
    assert EVERY_COUNTER.counters() == tuple(Counter)
    assert [each["CAPABILITIES"].field("learning").reset for each in (without, learns)] == [0, 1]


def test_bistable_cells_have_thresholds_instead_of_coefficients():
    bistable = DesignPoint(name="cells", cell=Cell(kind="bmru"))
    without, cells = register_map(DEFAULT), register_map(bistable)
    names = [{register.name for register in each} for each in (without, cells)]
    assert names[0] - names[1] == {"RESET_COEFFICIENT", "UPDATE_COEFFICIENT"}
    assert names[1] - names[0] == {"CELL_POINTER", "CELL_LOW", "CELL_HIGH"}
    assert [cells[name].guard for name in ("CELL_POINTER", "CELL_LOW", "CELL_HIGH")] == ["halted", "cells", "cells"]
    pointer = cells["CELL_POINTER"].field("unit")
    assert (pointer.advance, pointer.advanced_by) == (1, "CELL_HIGH")
    capabilities = cells["CAPABILITIES"].decode(cells["CAPABILITIES"].reset)
    assert (capabilities["cell_kind"], capabilities["lanes"]) == (1, bistable.network.hidden)


def test_registers_of_replay_are_there_only_with_a_reservoir():
    without, replays = register_map(DEFAULT.evolve(learning={"enabled": True})), register_map(REPLAYS)
    counters = {
        f"{name}_{word}"
        for name in ("REPLAYED", "REPLAY_CYCLES", "ACCEPTED", "INSERT_CYCLES")
        for word in ("LOW", "HIGH")
    }
    extra = {register.name for register in replays} - {register.name for register in without}
    registers = {"REPLAY_RATIO", "REPLAY_CONTROL", "REPLAY_CAPACITY", "PRESENTED", "FILLED"}
    assert extra == counters | registers
    assert replays["REPLAY_RATIO"].reset == 2
    assert replays["REPLAY_CAPACITY"].reset == replays["FILLED"].field("value").maximum == 9
    assert {replays[name].guard for name in registers - {"REPLAY_CAPACITY"}} == {"halted"}
    assert [each["LEARN_CAPABILITIES"].field("replay").reset for each in (without, replays)] == [0, 1]
    fields = ({field.name for field in each["LEARN_PROGRESS"].fields} for each in (without, replays))
    assert list(fields) == [{"columns", "updating"}, {"columns", "updating", "pending"}]


MEMORY_WINDOW = {f"MEMORY_{name}" for name in ("SELECT", "ADDRESS", "CONTROL", "POINTER", "DATA")}


@pytest.mark.parametrize(
    ("learning", "there", "absent"),
    [
        ({}, {"LEARN_SEED", "LEARN_RATES", "UPDATES", *MEMORY_WINDOW}, {"WINNERS", "FILLED"}),
        ({"update": "direct"}, {"LEARN_SEED", "LEARN_RATES", "UPDATES"}, {"WINNERS", "FILLED", *MEMORY_WINDOW}),
        ({"update": "direct", "replay_capacity": 1}, {"FILLED", *MEMORY_WINDOW}, {"WINNERS"}),
        ({"winners": 5, "columns": 4}, {"WINNERS"}, {"FILLED"}),
    ],
)
def test_registers_of_learning_follow_what_is_built(learning, there, absent):
    registers = register_map(DesignPoint(name="learns", learning={"enabled": True, "seed": 99, **learning}))
    names = {register.name for register in registers}
    assert there <= names and not absent & names
    assert registers["LEARN_SEED"].reset == 99
    found = registers["LEARN_CAPABILITIES"].decode(registers["LEARN_CAPABILITIES"].reset)
    assert found == {
        "update": int(learning.get("update") == "direct"),
        "winners": int("winners" in learning),
        "replay": int("replay_capacity" in learning),
        "parity": 0,
        "columns": learning.get("columns", 1),
    }
    assert ("memory_busy" in {field.name for field in registers["STATUS"].fields}) == (names >= MEMORY_WINDOW)
    guards = {register.name: register.guard for register in registers}
    assert guards["UPDATES"] == guards["LEARN_SEED"] == guards["LEARN_RATES"] == "halted"
    if "WINNERS" in names:
        field = registers["WINNERS"].field("value")
        assert (field.minimum, field.maximum, field.reset) == (1, 100, 5)
    if "MEMORY_CONTROL" in names:
        assert guards["MEMORY_CONTROL"] == "memory" and guards["MEMORY_DATA"] == "memory_idle"
        store = registers["MEMORY_CONTROL"].field("store")
        assert store.guard == ("memory_word" if "replay_capacity" in learning else None)
        assert ("memory_word" in registers.guards) == bool(store.guard)
        pointer = registers["MEMORY_POINTER"].field("group")
        assert (pointer.advance, pointer.advanced_by) == (1, "MEMORY_DATA")


def test_parity_has_a_cause_and_counts():
    learns = DesignPoint(name="learns", learning={"enabled": True}, system={"parity": True})
    registers = register_map(learns)
    assert registers["LEARN_CAPABILITIES"].decode(registers["LEARN_CAPABILITIES"].reset)["parity"] == 1
    assert {field.name for field in registers["MEMORY_ERRORS"].fields} == {"accumulators", "reservoir"}
    for name in ("INTERRUPT_STATUS", "INTERRUPT_ENABLE"):
        assert registers[name].field("memory_parity").lsb == 4
    # What has neither accumulators nor a reservoir has no parity.
    for without in (learns.evolve(learning={"update": "direct"}), DEFAULT.evolve(system={"parity": True})):
        names = {register.name for register in register_map(without)}
        assert not without.capabilities.parity and "system.parity" in without.unheeded()
        assert "MEMORY_ERRORS" not in names
    assert "system.parity" not in learns.unheeded()


def test_every_drop_cause_has_interrupt_and_counter():
    registers = register_map(DEFAULT)
    for cause in Drop:
        name = f"dropped_{cause.name.lower()}"
        assert registers["INTERRUPT_STATUS"].field(name).lsb == 8 + cause
        assert Counter[name.upper()] == Counter.DROPPED_FRAMING + cause


def test_interrupts_are_enabled_by_the_bit_at_the_same_place():
    registers = register_map(DEFAULT)
    status, enable = registers["INTERRUPT_STATUS"].fields, registers["INTERRUPT_ENABLE"].fields
    assert [field.mask for field in status] == [field.mask for field in enable]
    assert [field.enabled_by for field in status] == [field.port for field in enable]


def test_guards_and_pointer():
    registers = register_map(DEFAULT)
    guards = {register.name: register.guard for register in registers if register.guard}
    assert guards == {
        "RESET_COEFFICIENT": "halted",
        "UPDATE_COEFFICIENT": "halted",
        "WINDOW_SELECT": "halted",
        "WINDOW_CONTROL": "window",
        "WINDOW_POINTER": "halted",
        "WINDOW_DATA": "halted",
        "MACRO_TIMEOUT": "halted",
        "MACRO_STRETCH": "halted",
        "WINDOW_DRIVE": "halted",
    }
    assert registers.guards == ("discharged", "halted", "window")
    fields = {field.port for register in registers for field in register.fields if field.guard == "discharged"}
    assert fields == {"control_run", "window_control_commit", "window_control_read"}
    pointer = registers["WINDOW_POINTER"].field("row")
    assert (pointer.advance, pointer.advanced_by) == (WORD_BYTES, "WINDOW_DATA")
    assert [register.name for register in registers if register.external] == ["WINDOW_DATA"]


@given(st.data())
def test_encode_and_decode_are_inverse(data):
    register = data.draw(st.sampled_from(register_map(DEFAULT).registers))
    values = {field.name: data.draw(st.integers(field.minimum, field.maximum)) for field in register.fields}
    assert register.decode(register.encode(**values)) == values


@pytest.mark.parametrize("value", [-1, 257])
def test_encode_refuses_what_hardware_would(value):
    with pytest.raises(ValueError, match=r"RESET_COEFFICIENT\.value is -?\d+; it must be in 0 … 256"):
        register_map(DEFAULT)["RESET_COEFFICIENT"].encode(value=value)


def test_unknown_names_are_refused_by_name():
    registers = register_map(DEFAULT)
    with pytest.raises(KeyError, match="there is no register CTRL"):
        registers["CTRL"]
    with pytest.raises(KeyError, match="register CONTROL has no field go; it has run, soft_reset, snapshot"):
        registers["CONTROL"].field("go")


@given(st.integers(0, (1 << COUNTER_BITS) - 1))
def test_counter_value_joins_the_words(value):
    assert counter_value(value & 0xFFFFFFFF, value >> 32) == value


def test_a_field_that_cannot_be_built_is_refused(tmp_path, monkeypatch):
    text = rdl.SHARED_FILE.read_text(encoding="utf-8")
    altered = text.replace('desc = "Bits 47 to 32."; sw = r; hw = w;', 'desc = "Bits 47 to 32."; sw = w; hw = r;')
    assert altered != text
    (tmp_path / "altered.rdl").write_text(altered, encoding="utf-8")
    monkeypatch.setattr(rdl, "SHARED_FILE", tmp_path / "altered.rdl")
    design = DesignPoint(name="altered", system=System(clock_mhz=1.5))
    with pytest.raises(ValueError, match=r"remora\.CYCLES\.HIGH\.value: sw = w, hw = r is no kind of field"):
        rdl.compile_registers(design)


def test_import_compiles_nothing():
    check = "import sys, remora.spec.lib.registers; sys.exit('systemrdl' in sys.modules)"
    subprocess.run([sys.executable, "-c", check], check=True)

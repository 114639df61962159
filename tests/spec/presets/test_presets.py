"""Presets and the reader of TOML files."""

from __future__ import annotations

import json

import pytest

from remora.spec.bmru.design import BmruDesign
from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib.errors import RemoraError
from remora.spec.lib.section import Design
from remora.spec.presets import ConfigError, load_design, parse_design, preset_names


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_loads_under_its_own_name(name):
    assert load_design(name, Design).name == name


@pytest.mark.parametrize("name", preset_names())
def test_what_a_preset_states_is_all_of_it(name):
    design = load_design(name, Design)
    stated = design.stated()
    assert parse_design(json.loads(json.dumps(stated)), name) == design


def test_what_is_at_its_default_is_not_stated():
    assert DesignPoint(name="x", learning={"enabled": False}).stated() == {"name": "x", "core": "crossbar"}
    assert BmruDesign(name="x", vote={"frames": 3}).stated() == {"name": "x", "core": "bmru", "vote": {"frames": 3}}


def test_presets_are_listed_by_kind():
    bmru, crossbar = preset_names(BmruDesign), preset_names(DesignPoint)
    assert sorted(bmru + crossbar) == preset_names() and {"kws", "kws16"} <= set(bmru) and "mnist" in crossbar
    assert (load_design("kws", Design).CORE, load_design("tiny", Design).CORE) == ("bmru", "crossbar")


def test_a_design_point_of_the_other_kind_is_refused():
    with pytest.raises(ConfigError, match=r"'kws' is .* core = \"bmru\", this needs .* core = \"crossbar\": mnist, "):
        load_design("kws", DesignPoint)
    with pytest.raises(ConfigError, match=r"'tiny' is .* core = \"crossbar\", this needs .* core = \"bmru\": kws"):
        load_design("tiny", BmruDesign)


@pytest.mark.parametrize("core", ["digital", 3, ["bmru"]])
def test_an_unknown_core_is_refused(core):
    with pytest.raises(ConfigError, match='core = .*: legal are "crossbar", "bmru"'):
        parse_design({"name": "x", "core": core}, "somewhere")


def test_the_crossbar_core_may_be_named():
    assert parse_design({"name": "x", "core": "crossbar"}, "here") == parse_design({"name": "x"}, "here")


@pytest.mark.parametrize("name", preset_names(BmruDesign))
def test_the_core_that_version_0_1_calls_analog_reads_as_bmru(name, tmp_path):
    """Of a TOML file, and of the table that a generated folder or a kept run holds."""
    today, stored = load_design(name, BmruDesign), json.loads(load_design(name, BmruDesign).model_dump_json())
    (path := tmp_path / "old.toml").write_text(f'name = "{name}"\ncore = "analog"\n', encoding="utf-8")
    assert load_design(path, Design) == today.evolve(**BmruDesign(name=name).model_dump()) and today.core == "bmru"
    for read in (
        parse_design(stored | {"core": "analog"}, "old"),
        BmruDesign.model_validate(stored | {"core": "analog"}),
    ):
        assert read == today and read.model_dump()["core"] == "bmru" and read.hash == today.hash
    assert today.identity()["core"] == "analog"


def test_no_other_system_has_a_former_name():
    with pytest.raises(ConfigError, match="core = 'Analog': legal are"):
        parse_design({"name": "x", "core": "Analog"}, "here")
    with pytest.raises(ConfigError, match="core = None: legal are"):
        parse_design({"name": "x", "core": None}, "here")


def test_the_presets_cover_what_they_say():
    names = ("mnist", "mnist-bmru", "mnist256", "one", "tiny")
    mnist, bistable, big, one, tiny = (load_design(name, DesignPoint) for name in names)
    assert (mnist.network.features, mnist.network.hidden, mnist.network.classes, mnist.network.max_steps) == (
        28,
        100,
        10,
        28,
    )
    assert (big.hidden_tiles, big.readout_tiles) == (4, 2)
    learns, fast = (load_design(name, DesignPoint) for name in ("mnist-learn", "mnist-learn-fast"))
    built = {"enabled": True, "replay_capacity": 1000}
    assert learns.hash == mnist.evolve(learning=built).hash and fast.hash == learns.evolve(learning={"columns": 4}).hash
    assert one.network.model_dump() == dict(
        features=1, hidden=1, classes=1, max_steps=1, feature_signed=False, readout="last"
    )
    assert bistable.network == mnist.network and bistable.capabilities.bistable and not mnist.capabilities.bistable
    assert tiny.hidden_tiles == 6 and tiny.network.hidden % tiny.cell.lanes


def test_a_file_takes_its_name_from_its_stem(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("[network]\nhidden = 33\n", encoding="utf-8")
    design = load_design(path, DesignPoint)
    assert (design.name, design.network.hidden) == ("mine", 33)
    assert load_design(str(path), DesignPoint) == design


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[network]\nhidden = 0", "network.hidden = 0: input should be greater than or equal to 1"),
        (
            "[network]\nhiden = 5",
            "network.hiden is not a field; legal here: features, hidden, classes, max_steps, feature_signed",
        ),
        ("[netwerk]", "netwerk is not a field; legal here: name, network, cell"),
        ("network = 3", r"network = 3: give a table \[network\] with its fields$"),
        ("[[network]]\nhidden = 3", r"network = \[.*\]: give a table \[network\] with its fields$"),
        ('core = "bmru"\nvote = "on"', r"vote = 'on': give a table \[vote\] with its fields$"),
        ("[network]\nhidden = 3", "cell.lanes is 20 but network.hidden is 3"),
        ("[network", "is not valid TOML"),
        ("[network]\nhidden = 0\nfeatures = 0", "network.features = 0.*; network.hidden = 0"),
        ('core = "bmru"\n[network]\nwidth = 0', "network.width = 0: input should be greater"),
        ('core = "bmru"\n[network]\nhidden = 3', "network.hidden is not a field; legal here: features, width, bl"),
    ],
)
def test_errors_name_file_field_value_and_range(tmp_path, text, message):
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=message) as caught:
        load_design(path, DesignPoint)
    assert str(path) in str(caught.value) and isinstance(caught.value, RemoraError)


def test_a_byte_order_mark_does_not_count(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("[network]\nhidden = 33\n", encoding="utf-8-sig")
    assert load_design(path, DesignPoint).network.hidden == 33


def test_bytes_that_are_no_text_are_refused(tmp_path):
    (tmp_path / "mine.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="not valid TOML"):
        load_design(tmp_path / "mine.toml", DesignPoint)


def test_what_is_neither_preset_nor_file_is_refused(tmp_path):
    for config in ("minst", tmp_path, tmp_path / "absent.toml"):
        legal = r"neither a preset \(.*mnist, mnist-bmru, .*mnist256, one, tiny.*\) nor a TOML file"
        with pytest.raises(ConfigError, match=legal):
            load_design(config, DesignPoint)


def test_parse_design_names_its_origin():
    with pytest.raises(ConfigError, match="^somewhere: "):
        parse_design({"name": "x", "network": {"hidden": -1}}, "somewhere")

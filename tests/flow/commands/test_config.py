"""`remora presets` and `remora config`: what is listed, shown, checked and started."""

from __future__ import annotations

import json
import tomllib

import pytest

from remora.flow.report.configuration import describe_fields, to_commented_toml, to_toml
from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib.section import Design
from remora.spec.presets import load_design, parse_design, preset_names


def test_presets(remora, tmp_path):
    answer = remora("presets", "--json", str(tmp_path / "presets.json"))
    listed = {entry["name"]: entry for entry in json.loads((tmp_path / "presets.json").read_text())["presets"]}
    assert answer.code == 0 and list(listed) == preset_names() and len(listed) >= 4
    for name, entry in listed.items():
        design = load_design(name, Design)
        assert name in answer.out and design.hash in answer.out and entry["hash"] == design.hash
        width = entry["hidden"] if entry["core"] == "crossbar" else entry["width"]
        assert width == getattr(design.network, "hidden" if entry["core"] == "crossbar" else "width")
    assert {entry["core"] for entry in listed.values()} == {"crossbar", "bmru"}


def test_show_has_every_field_and_what_follows(remora, tmp_path):
    answer = remora("config", "show", "tiny", "--json", str(tmp_path / "tiny.json"))
    design = load_design("tiny", DesignPoint)
    fields = describe_fields(design)
    assert answer.code == 0 and len(fields) > 25
    for field in fields:
        assert field.path in answer.out and field.meaning
    for name in ("hidden_tiles", "folds", "hidden_rows", "hash"):
        assert name in answer.out
    result = json.loads((tmp_path / "tiny.json").read_text())
    assert result["fields"]["network.hidden"] == 7
    derived = result["derived"]
    assert derived["hidden_tiles"] == design.hidden_tiles and derived["hash"] == design.hash
    assert derived["cycles.step"] == design.cycles.step and derived["cycles.readout"] == design.cycles.readout
    assert derived["formats.adc_limit"] == 127 and derived["crossbar.weight_limit"] == 31
    assert {name: value for name, value in derived.items() if name.startswith("capabilities.")} == {
        f"capabilities.{name}": False
        for name in (
            "bistable", "learns", "accumulates", "selects", "replays", "heals", "interleaves", "parity",
            "reads_every_step", "tests_itself", "compensates", "verifies", "counts_codes", "spares",
            "calibrates", "digital_bias", "corrects", "gains", "verifies_learning",
        )
    }  # fmt: skip


@pytest.mark.parametrize("preset", ["mnist", "kws"])
def test_what_is_said_to_be_legal_is_legal_and_what_lies_beyond_is_not(preset):
    design = load_design(preset, Design)
    tried = 0
    for field in describe_fields(design):
        bounds = field.legal.split(" or ")[0].split(" … ")
        if len(bounds) == 2 and not field.legal.startswith("a list"):
            section, name = field.path.split(".")
            adapter = type(getattr(design, section))
            kind = float if isinstance(field.value, float) or "." in field.legal else int
            for bound, beyond in zip(map(kind, bounds), (-1, 1), strict=True):
                assert getattr(adapter(**{name: bound}), name) == bound
                with pytest.raises(ValueError, match=name):
                    adapter(**{name: bound + beyond})
                tried += 1
    assert tried > 40


@pytest.mark.parametrize("name", preset_names())
def test_toml_reads_back_to_the_same(remora, name):
    printed = remora("config", "show", name, "--toml").out
    design = load_design(name, Design)
    assert printed == to_toml(design)
    assert parse_design(tomllib.loads(printed), "printed") == design
    commented = parse_design(tomllib.loads(to_commented_toml(design, "mine")), "commented")
    assert commented.name == "mine" and commented.hash == design.hash


def test_check(remora, tmp_path):
    good, bad = tmp_path / "good.toml", tmp_path / "[bad].toml"
    good.write_text("[network]\nhidden = 64\n")
    bad.write_text("[network]\nhidden = 0\nfeaturs = 3\n")
    answer = remora("config", "check", "mnist", str(good), "--json", str(tmp_path / "check.json"))
    assert answer.code == 0 and answer.out.count("valid") == 2 and load_design(str(good), Design).hash in answer.out
    answer = remora("config", "check", str(good), str(bad), "--json", str(tmp_path / "check.json"))
    assert (
        answer.code == 1
        and "network.hidden = 0" in answer.out
        and "featurs is not a field" in answer.out
        and "[bad].toml" in answer.out
    )
    assert [verdict["valid"] for verdict in json.loads((tmp_path / "check.json").read_text())["configs"]] == [
        True,
        False,
    ]
    answer = remora("config", "check", str(tmp_path / "nowhere.toml"), str(bad), "tiny", "--json", str(tmp_path / "a"))
    assert answer.code == 2 and "neither a preset" in answer.err
    assert "refused" in answer.out and "valid    tiny" in answer.out
    assert [each["valid"] for each in json.loads((tmp_path / "a").read_text())["configs"]] == [False, False, True]


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("[network]\nhiden = 3\n", ["network.hiden is not a field; legal here: features", "; did you mean 'hidden'?"]),
        ("[netwrok]\nhidden = 3\n", ["netwrok is not a field; legal here: name, network", "; did you mean 'network'?"]),
        ("hidden = 3\n", ["hidden is not a field", "; did you mean 'network.hidden'?"]),
        ("[network]\nclock_mhz = 3.0\n", ["network.clock_mhz is not a field", "; did you mean 'system.clock_mhz'?"]),
        ("[network]\nqqqq = 3\n", ["network.qqqq is not a field; legal here"]),
        ("[cell]\nkind = 'bmur'\n", ["cell.kind = 'bmur': input should be 'miru' or 'bmru'; did you mean 'bmru'?"]),
        ("core = 'bmru'\n[vote]\nframe = 3\n", ["vote.frame is not a field", "; did you mean 'frames'?"]),
        (
            "[cell]\nlanes = 200\n[learning]\nwinners = 300\nreplay_ratio = 4\n[formats]\nadc_bits = 5\n",
            ["cell.lanes is 200", "learning.winners is 300", "learning.replay_ratio is 4", "crossbar.levels is 32"],
        ),
        (
            "core = 'bmru'\n[settling]\nfactor = 9\nphase_cycles = 60\n[vote]\nwake_class = 5\n",
            ["settling.factor is 9", "settling.phase_cycles = 60", "vote.wake_class is 5"],
        ),
        ("[network]\nhidden = 0\nclasses = 0\n", ["network.hidden = 0", "network.classes = 0"]),
        ("[system]\nclock_mhz = 1e-320\n", ["system.clock_mhz = 1e-320: input should be greater than or equal to 0"]),
        ("[system]\nclock_mhz = nan\n", ["system.clock_mhz = nan"]),
        (
            "[network]\nfeatures = 784\nmax_steps = 784\n[learning]\nreplay_capacity = 12000\n",
            ["replay_capacity is 12000, which takes 3.4 GiB of replay memory, more than 256 MiB: use at most 873"],
        ),
    ],
)  # fmt: skip
def test_check_says_every_fault_and_what_was_meant(remora, tmp_path, text, messages):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    answer = remora("config", "check", str(path))
    assert answer.code == 1
    for message in messages:
        assert message in answer.out


@pytest.mark.parametrize(
    ("text", "notes"),
    [
        ("[learning]\nwinners = 3\nlanes = 4\nhidden_shift = 9\n", ["learning.winners = 3", "learning.lanes = 4"]),
        ("[learning]\nenabled = true\nwinners = 3\n", []),
        ("[learning]\nenabled = true\nupdate = 'direct'\naccumulator_bits = 18\n", ["learning.accumulator_bits = 18"]),
        (
            "[cell]\nkind = 'bmru'\nlanes = 3\n[formats]\nstate_bits = 12\n[learning]\nhidden_shift = 9\n",
            ["cell.lanes = 3", "formats.state_bits = 12", "learning.hidden_shift = 9"],
        ),
        (
            "core = 'bmru'\n[nonidealities]\nnoise_pa = 9\nmismatch_amplitude = 9\nmismatch = true\n",
            ["nonidealities.noise_pa = 9"],
        ),
        ("core = 'bmru'\n[nonidealities]\nseed = 9\n", ["nonidealities.seed = 9"]),
    ],
)
def test_what_changes_no_hardware_is_said(remora, tmp_path, text, notes):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    answer = remora("config", "check", str(path))
    assert answer.code == 0 and answer.out.count("note: ") == len(notes)
    shown = remora("config", "show", str(path)).err
    for note in notes:
        assert f"note: {note} changes no hardware" in answer.out and f"note: {note} changes no hardware" in shown


def test_bundled_presets_say_nothing(remora):
    answer = remora("config", "check", *preset_names())
    assert answer.code == 0 and "note" not in answer.out and answer.out.count("valid") == len(preset_names()) > 5


@pytest.mark.parametrize(
    ("name", "derived"),
    [("28x100", "design-28x100"), ("my net", "my_net"), ("größe", "gr__e"), ("a" * 99, "a" * 64), ("_x", "design-_x")],
)
def test_a_file_may_have_any_name(remora, tmp_path, name, derived):
    path = tmp_path / f"{name}.toml"
    path.write_text("[network]\nhidden = 64\n")
    assert remora("config", "check", str(path)).code == 0 and load_design(path, DesignPoint).name == derived
    assert remora("config", "init", str(path), "--force").code == 0 and load_design(path, DesignPoint).name == derived
    path.write_text('name = "1st"\n')
    answer = remora("config", "check", str(path))
    assert answer.code == 1 and "name = '1st'" in answer.out


def test_a_misspelt_preset_is_guessed(remora):
    assert "did you mean 'mnist'?" in remora("config", "show", "mnsit").err


def test_init(remora, tmp_path):
    path = tmp_path / "new" / "mine.toml"
    assert remora("config", "init", str(path), "--from", "tiny").code == 0
    assert (
        load_design(path, DesignPoint).name == "mine"
        and load_design(path, Design).hash == load_design("tiny", Design).hash
    )
    spotter = tmp_path / "spotter.toml"
    assert remora("config", "init", str(spotter), "--from", "kws").code == 0
    assert load_design(spotter, Design).hash == load_design("kws", Design).hash
    assert remora("config", "check", str(spotter), "tiny").out.count("valid") == 2
    answer = remora("generate", str(spotter), "-o", str(tmp_path / "out"))
    assert answer.code == 0 and (tmp_path / "out" / "rtl" / "remora.v").is_file()
    for options, word in (
        (["kws", "--learn"], "only crossbar accelerators"),
        (["tiny", "--noise"], "only BMRU accelerators"),
    ):
        answer = remora("simulate", *options)
        assert answer.code == 2 and word in answer.err and "Traceback" not in answer.err
    before = path.read_text()
    answer = remora("config", "init", str(path))
    assert answer.code == 2 and "--force" in answer.err and path.read_text() == before
    assert remora("config", "init", str(path), "--force").code == 0
    assert load_design(path, DesignPoint).hash == load_design("mnist", DesignPoint).hash

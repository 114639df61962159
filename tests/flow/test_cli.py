"""The command line: light, helpful, and plain about what a person did wrong."""

from __future__ import annotations

import importlib.metadata
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest

from flow import cli
from flow.configuration import describe_fields, to_commented_toml, to_toml
from flow.simulator import SimulationFailed, SimulatorError
from flow.terminal import ERRORS, print_anywhere
from golden.checkpoint import CheckpointError
from golden.data import DataError
from spec.errors import CheckFailed, RemoraError
from spec.presets import ConfigError, load_design, parse_design, preset_names
from spec.section import Design
from spec.trace import TraceError

HEAVY = {"numpy", "pydantic", "amaranth", "cocotb", "matplotlib", "systemrdl", "pyosys"}


@pytest.fixture
def failing(monkeypatch, remora):
    """Runs a command that raises what it is given."""

    def call(error: BaseException):
        def command() -> None:
            raise error

        monkeypatch.setitem(cli.COMMANDS, "fail", "Fails.")
        monkeypatch.setitem(sys.modules, "flow.commands.fail", SimpleNamespace(command=command))
        return remora("fail")

    return call


# Help -----------------------------------------------------------------------------------------------------------------
def test_help_imports_nothing_heavy():
    script = (
        "import sys\nfrom flow.cli import main\ntry:\n  main(['--help'])\n"
        "except SystemExit as end:\n  print('MODULES', end.code, *sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    words = answer.partition("MODULES ")[2].split()
    assert words[0] == "0" and "typer" in words
    assert not HEAVY & set(words)


def test_help_names_every_command(remora):
    for arguments in (["--help"], []):
        answer = remora(*arguments)
        text = answer.out + answer.err
        assert all(name in text for name in cli.COMMANDS) and "remora config show mnist" in text


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_has_help(remora, name):
    answer = remora(name, "--help")
    usage, *text = (line.strip() for line in answer.out.splitlines() if line.strip())
    assert answer.code == 0 and usage.startswith(f"Usage: remora {name}")
    assert text[0][0].isalpha() and cli.COMMANDS[name]


def test_unknown_command(remora):
    answer = remora("confgi")
    assert answer.code == 2 and "confgi" in answer.err and "Traceback" not in answer.err


# Errors ---------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", [ConfigError, TraceError, DataError, CheckpointError, SimulatorError])
def test_a_persons_mistake_is_one_line(failing, kind):
    assert issubclass(kind, RemoraError)
    answer = failing(kind("network.hidden = 0: must be 1 or more"))
    assert (answer.code, answer.err, answer.out) == (2, "error: network.hidden = 0: must be 1 or more\n", "")


@pytest.mark.parametrize("kind", [CheckFailed, SimulationFailed])
def test_a_failed_check_exits_with_1(failing, kind):
    answer = failing(kind("step 3 differs"))
    assert (answer.code, answer.err) == (1, "error: step 3 differs\n")


def test_a_file_that_cannot_be_used(failing):
    answer = failing(PermissionError(13, "Permission denied", "result.json"))
    assert (answer.code, answer.err) == (2, "error: result.json: Permission denied\n")


def test_interrupt(failing):
    answer = failing(KeyboardInterrupt())
    assert answer.code == 130 and "Traceback" not in answer.err


def test_a_defect_shows_where_and_says_that_it_is_one(failing):
    answer = failing(ZeroDivisionError("oops"))
    assert (
        answer.code == 2 and "Traceback" in answer.err and "ZeroDivisionError: this is a defect of Remora" in answer.err
    )


@pytest.mark.parametrize(
    ("value", "shown"), [("1", True), ("yes", True), ("0", False), ("", False), ("false", False), ("No", False)]
)
def test_traceback_on_demand(failing, monkeypatch, value, shown):
    monkeypatch.setenv("REMORA_TRACEBACK", value)
    assert ("Traceback" in failing(ConfigError("x")).err) == shown


def test_version(remora):
    answer = remora("--version")
    assert (answer.code, answer.out) == (0, f"remora {importlib.metadata.version('remora')}\n")


# Outputs --------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONIOENCODING": "latin-1"},
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "cp1252"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ],
    ids=str,
)
def test_any_encoding_of_the_output_will_do(environment):
    commands = [["--help"], ["config", "show", "tiny"], ["config", "check", "ü"]]
    for command in commands:
        answer = run_apart(*command, environment=environment)
        assert answer.returncode == (2 if command[-1] == "ü" else 0), answer.stderr
        assert "Traceback" not in answer.stderr and len(answer.stdout + answer.stderr) > 20
    assert "from -1" in plain("from −1") and plain("0 … 3 · ≥ é ⠋") == "0 ... 3 | >= e ?"


def run_apart(*arguments: str, environment: dict[str, str], **options) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "flow.cli", *arguments]
    settings = {"cwd": Path(__file__).parents[2], "env": {**os.environ, **environment}, "check": False}
    return subprocess.run(
        command, **{"capture_output": True, "text": True, "encoding": "latin-1", **settings, **options}
    )


def plain(text: str) -> str:
    """A text as it is printed where only ASCII can be."""
    print_anywhere()
    return text.encode("ascii", ERRORS).decode("ascii")


def test_a_closed_output_is_no_defect():
    script = ["sh", "-c", 'exec "$@" >&-', "sh", sys.executable, "-m", "flow.cli", "presets"]
    answer = subprocess.run(script, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert (answer.returncode, answer.stderr) == (0, "")


def test_a_name_that_is_no_text_is_shown(remora):
    answer = run_apart("config", "check", b"\xff.toml".decode("utf-8", "surrogateescape"), environment={})
    assert answer.returncode == 2 and "?.toml" in answer.stderr and "Traceback" not in answer.stderr


# Presets and config ---------------------------------------------------------------------------------------------------
def test_presets(remora, tmp_path):
    answer = remora("presets", "--json", str(tmp_path / "presets.json"))
    listed = {entry["name"]: entry for entry in json.loads((tmp_path / "presets.json").read_text())["presets"]}
    assert answer.code == 0 and list(listed) == preset_names() and len(listed) >= 4
    for name, entry in listed.items():
        design = load_design(name, Design)
        assert name in answer.out and design.hash in answer.out and entry["hash"] == design.hash
        width = entry["hidden"] if entry["core"] == "crossbar" else entry["width"]
        assert width == getattr(design.network, "hidden" if entry["core"] == "crossbar" else "width")
    assert {entry["core"] for entry in listed.values()} == {"crossbar", "analog"}


def test_show_has_every_field_and_what_follows(remora, tmp_path):
    answer = remora("config", "show", "tiny", "--json", str(tmp_path / "tiny.json"))
    design = load_design("tiny")
    fields = describe_fields(design)
    assert answer.code == 0 and len(fields) > 25
    for field in fields:
        assert field.path in answer.out and field.meaning
    for name in ("hidden_tiles", "folds", "hidden_rows", "hash"):
        assert name in answer.out
    result = json.loads((tmp_path / "tiny.json").read_text())
    assert result["fields"]["network.hidden"] == 7
    assert result["derived"]["hidden_tiles"] == design.hidden_tiles and result["derived"]["hash"] == design.hash


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["simulate", "kws", "--learn"], "--learn: 'kws' is an analog core, which is trained offline; leave it out"),
        (["simulate", "kws", "--tasks", "2", "--update", "direct"], "--tasks, --update: 'kws' is an analog core"),
        (["simulate", "kws", "--replay-capacity", "5", "--replay-ratio", "1"], "--replay-capacity, --replay-ratio:"),
        (["simulate", "tiny", "--noise", "--paced"], "--noise, --paced: 'tiny' is a crossbar accelerator, and"),
        (["simulate", "kws", "--data", "synthetic", "--checkpoint", "x.npz"], "--checkpoint x.npz: codes are random"),
        (["train", "kws", "--passes", "2"], "--passes: 'kws' is an analog core, whose training takes no such option"),
        (["train", "kws", "--passes", "15", "--fresh"], "--passes, --fresh: 'kws' is an analog core"),
        (["train", "kws", "--data", "mnist", "--limit", "3", "--task", "1", "--update", "direct"], "--task, --update"),
        (["train", "tiny", "--normalisation", "running", "--seed", "3"], "--normalisation, --seed: 'tiny' is"),
        (["train", "tiny", "--task", "3"], "task 3 is a pixel permutation of the digits, but the data is synthetic"),
        (["train", "mnist", "--task", "3", "--data", "own.npz"], "the data is own.npz: leave it out, or use mnist"),
        (["train", "tiny", "--replay-ratio", "1"], "learning.replay_ratio is 1 but learning.replay_capacity is 0"),
        (
            ["simulate", "tiny", "--learn", "--replay-ratio", "1"],
            "learning.replay_ratio is 1 but learning.replay_capacity is 0",
        ),
        (["simulate", "tiny", "--seed", "4294967296"], "less than or equal to 4294967295"),
        (["faults", "tiny", "--seed", "4294967296"], "less than or equal to 4294967295"),
        (["train", "kws", "--seed", "99999999999999999999"], "less than or equal to 4294967295"),
        (["simulate", "tiny", "--waves", "a.ghw"], "--waves a.ghw: waveforms are VCD or FST; give a name that ends in"),
        (
            ["simulate", "tiny", "--learn", "--replay-capacity", "65537"],
            "learning.replay_capacity = 65537: input should",
        ),
        (["experiment", "noise-immunity", "--sequences", "100"], "'noise-immunity' takes no number of them"),
        (["experiment", "keyword-spotting", "--sequences", "100"], "--sequences 100: experiment 'keyword-spotting'"),
    ],
)
def test_what_would_be_ignored_is_refused(remora, arguments, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    answer = remora(*arguments, "--json", "result.json")
    assert answer.code == 2 and message in answer.err and not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ([], ["analog core", "keyword"]),
        (["simulate"], ["keywords or synthetic", "of an analog core clips; 100, or 1", "the network that ships"]),
        (["train"], ["kws", "offline", "it is trained anew, and replaces what is there"]),
        (["experiment"], ["Speech Commands", "bit-streaming, convergence and continual: new sequences"]),
    ],
)
def test_help_knows_the_analog_core(remora, monkeypatch, command, words):
    monkeypatch.setenv("COLUMNS", "500")
    shown = " ".join(remora(*command, "--help").out.split())
    for word in words:
        assert word.lower() in shown.lower()


@pytest.mark.parametrize("preset", ["kws", "tiny"])
@pytest.mark.parametrize("option", ["-o", "--json"])
def test_what_cannot_be_written_is_told_before_training(remora, preset, option, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("flow.keywords.train.load_clips", None)
    monkeypatch.setattr("golden.data.load", None)
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    for place in ("file/x.npz", "folder"):
        answer = remora("train", preset, option, place)
        assert answer.code == 2 and "Traceback" not in answer.err and place.partition("/")[0] in answer.err
    if option == "--json":
        answer = remora("experiment", "power-scaling", "--json", "folder")
        assert answer.code == 2 and "folder" in answer.err and not (tmp_path / "build").exists()
    assert not list((tmp_path / "folder").iterdir())


@pytest.mark.parametrize("preset", ["mnist", "kws"])
def test_what_is_said_to_be_legal_is_legal_and_what_lies_beyond_is_not(preset):
    design = load_design(preset, Design)
    tried = 0
    for field in describe_fields(design):
        bounds = field.legal.split(" or ")[0].split(" … ")
        if len(bounds) == 2:
            section, name = field.path.split(".")
            adapter = type(getattr(design, section))
            kind = type(field.value) if isinstance(field.value, float) else int
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
    assert answer.code == 0 and answer.out.count("valid") == 2 and load_design(str(good)).hash in answer.out
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
        ("core = 'analog'\n[vote]\nframe = 3\n", ["vote.frame is not a field", "; did you mean 'frames'?"]),
        (
            "[cell]\nlanes = 200\n[learning]\nwinners = 300\nreplay_ratio = 4\n[formats]\nadc_bits = 5\n",
            ["cell.lanes is 200", "learning.winners is 300", "learning.replay_ratio is 4", "crossbar.levels is 32"],
        ),
        (
            "core = 'analog'\n[settling]\nfactor = 9\nphase_cycles = 60\n[vote]\nwake_class = 5\n",
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
            "core = 'analog'\n[nonidealities]\nnoise_pa = 9\nmismatch_amplitude = 9\nmismatch = true\n",
            ["nonidealities.noise_pa = 9"],
        ),
        ("core = 'analog'\n[nonidealities]\nseed = 9\n", ["nonidealities.seed = 9"]),
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


@pytest.mark.parametrize("options", [[], ["--tasks", "2"]], ids=["passes", "tasks"])
def test_a_training_that_replaces_another_says_so(remora, tmp_path, options):
    path = tmp_path / "net.npz"
    command = ["train", "tiny", "--data", "synthetic", "-o", str(path), *(options or ["--passes", "1"])]
    first = remora(*command, "--limit", "20").out
    assert "replaces it" not in first and "continuing" in remora(*command, "--limit", "20").out
    assert "net.npz holds another training, on other data" in remora(*command, "--limit", "30").out
    assert "replaces it" not in remora(*command, "--limit", "40", "--fresh").out


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
    assert remora("config", "check", str(path)).code == 0 and load_design(path).name == derived
    assert remora("config", "init", str(path), "--force").code == 0 and load_design(path).name == derived
    path.write_text('name = "1st"\n')
    answer = remora("config", "check", str(path))
    assert answer.code == 1 and "name = '1st'" in answer.out


def test_a_misspelt_preset_is_guessed(remora):
    assert "did you mean 'mnist'?" in remora("config", "show", "mnsit").err


def test_init(remora, tmp_path):
    path = tmp_path / "new" / "mine.toml"
    assert remora("config", "init", str(path), "--from", "tiny").code == 0
    assert load_design(path).name == "mine" and load_design(path).hash == load_design("tiny").hash
    analog = tmp_path / "spotter.toml"
    assert remora("config", "init", str(analog), "--from", "kws").code == 0
    assert load_design(analog, Design).hash == load_design("kws", Design).hash
    assert remora("config", "check", str(analog), "tiny").out.count("valid") == 2
    answer = remora("generate", str(analog), "-o", str(tmp_path / "out"))
    assert answer.code == 0 and (tmp_path / "out" / "rtl" / "remora.v").is_file()
    for options, word in ((["kws", "--learn"], "trained offline"), (["tiny", "--noise"], "for analog cores")):
        answer = remora("simulate", *options)
        assert answer.code == 2 and word in answer.err and "Traceback" not in answer.err
    before = path.read_text()
    answer = remora("config", "init", str(path))
    assert answer.code == 2 and "--force" in answer.err and path.read_text() == before
    assert remora("config", "init", str(path), "--force").code == 0
    assert load_design(path).hash == load_design("mnist").hash

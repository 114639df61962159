"""The command line: light, helpful, and plain about what a person did wrong."""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from remora.flow import cli
from remora.flow.report.terminal import ERRORS, print_anywhere
from remora.flow.tools.simulator import SimulationFailed, SimulatorError
from remora.golden.data.load import DataError
from remora.golden.learning.checkpoint import CheckpointError
from remora.spec.lib.errors import CheckFailed, RemoraError
from remora.spec.lib.trace import TraceError
from remora.spec.presets import ConfigError

HEAVY = {"numpy", "pydantic", "amaranth", "cocotb", "matplotlib", "systemrdl", "pyosys"}


@pytest.fixture
def failing(monkeypatch, remora):
    """Runs a command that raises what it is given."""

    def call(error: BaseException):
        def command() -> None:
            raise error

        monkeypatch.setitem(cli.COMMANDS, "fail", "Fails.")
        monkeypatch.setitem(sys.modules, "remora.flow.commands.fail", SimpleNamespace(command=command))
        return remora("fail")

    return call


# Help -----------------------------------------------------------------------------------------------------------------
def test_help_imports_nothing_heavy():
    script = (
        "import sys\nfrom remora.flow.cli import main\ntry:\n  main(['--help'])\n"
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
    command = [sys.executable, "-m", "remora.flow.cli", *arguments]
    settings = {"cwd": Path(__file__).parents[2], "env": {**os.environ, **environment}, "check": False}
    return subprocess.run(
        command, **{"capture_output": True, "text": True, "encoding": "latin-1", **settings, **options}
    )


def plain(text: str) -> str:
    """A text as it is printed where only ASCII can be."""
    print_anywhere()
    return text.encode("ascii", ERRORS).decode("ascii")


def test_a_closed_output_is_no_defect():
    script = ["sh", "-c", 'exec "$@" >&-', "sh", sys.executable, "-m", "remora.flow.cli", "presets"]
    answer = subprocess.run(script, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert (answer.returncode, answer.stderr) == (0, "")


def test_a_name_that_is_no_text_is_shown(remora):
    answer = run_apart("config", "check", b"\xff.toml".decode("utf-8", "surrogateescape"), environment={})
    assert answer.returncode == 2 and "?.toml" in answer.stderr and "Traceback" not in answer.stderr


# Options and results --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["simulate", "kws", "--learn"],
            "--learn: 'kws' is a BMRU accelerator, and only crossbar accelerators take this;",
        ),
        (["simulate", "kws", "--tasks", "2", "--update", "direct"], "--tasks, --update: 'kws' is a BMRU accelerator"),
        (["simulate", "kws", "--replay-capacity", "5", "--replay-ratio", "1"], "--replay-capacity, --replay-ratio:"),
        (
            ["simulate", "tiny", "--noise", "--paced"],
            "--noise, --paced: 'tiny' is a crossbar accelerator, and only BMRU accelerators take",
        ),
        (["simulate", "kws", "--data", "synthetic", "--checkpoint", "x.npz"], "--checkpoint x.npz: codes are random"),
        (
            ["train", "kws", "--passes", "2"],
            "--passes: 'kws' is a BMRU accelerator, and only crossbar accelerators take this",
        ),
        (["train", "kws", "--passes", "15", "--fresh"], "--passes, --fresh: 'kws' is a BMRU accelerator"),
        (["train", "kws", "--data", "mnist", "--limit", "3", "--task", "1", "--update", "direct"], "--limit, --task:"),
        (["bench", "kws"], "'kws' is a BMRU accelerator, which has no `remora bench`; crossbar accelerators have it"),
        (["train", "tiny", "--normalisation", "running", "--seed", "3"], "--normalisation, --seed: 'tiny' is"),
        (["train", "tiny", "--task", "3"], "task 3 is a pixel permutation of the digits, but the data is synthetic"),
        (["train", "mnist", "--task", "3", "--data", "own.npz"], "the data is own.npz: leave it out, or use mnist"),
        (["train", "tiny", "--replay-ratio", "1"], "learning.replay_ratio is 1 but learning.replay_capacity is 0"),
        (
            ["simulate", "tiny", "--learn", "--replay-ratio", "1"],
            "learning.replay_ratio is 1 but learning.replay_capacity is 0",
        ),
        (["simulate", "tiny", "--heal", "3"], "--heal 3: only what is learnt is replayed; add --learn"),
        (
            ["simulate", "tiny", "--learn", "--heal", "3"],
            "learning.healing is true but learning.replay_capacity is 0, so there is nothing to replay",
        ),
        (["simulate", "kws", "--heal", "3"], "--heal: 'kws' is a BMRU accelerator"),
        (["simulate", "tiny", "--seed", "4294967296"], "less than or equal to 4294967295"),
        (["faults", "tiny", "--seed", "4294967296"], "less than or equal to 4294967295"),
        (["train", "kws", "--seed", "99999999999999999999"], "less than or equal to 4294967295"),
        (
            ["simulate", "tiny", "--waves", "a.vcd", "--toggles", "a.saif"],
            "a simulation records one of them; leave one out",
        ),
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
        ([], ["BMRU accelerator", "keyword"]),
        (["simulate"], ["keywords or synthetic", "of a BMRU accelerator: clips; 100, or 1", "the bundled network"]),
        (["train"], ["kws", "offline", "training begins anew and replaces an existing file"]),
        (
            ["experiment"],
            ["Speech Commands", "convergence, continual and the experiments on real devices: new sequences"],
        ),
    ],
)
def test_help_knows_the_bmru_accelerator(remora, monkeypatch, command, words):
    monkeypatch.setenv("COLUMNS", "500")
    shown = " ".join(remora(*command, "--help").out.split())
    for word in words:
        assert word.lower() in shown.lower()


@pytest.mark.parametrize("preset", ["kws", "tiny"])
@pytest.mark.parametrize("option", ["-o", "--json"])
def test_what_cannot_be_written_is_told_before_training(remora, preset, option, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("remora.flow.systems.bmru.train.load_clips", None)
    monkeypatch.setattr("remora.golden.data.load.load", None)
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    for target in ("file/x.npz", "folder"):
        answer = remora("train", preset, option, target)
        assert answer.code == 2 and "Traceback" not in answer.err and target.partition("/")[0] in answer.err
    if option == "--json":
        answer = remora("experiment", "power-scaling", "--json", "folder")
        assert answer.code == 2 and "folder" in answer.err and not (tmp_path / "build").exists()
    assert not list((tmp_path / "folder").iterdir())


@pytest.mark.parametrize("options", [[], ["--tasks", "2"]], ids=["passes", "tasks"])
def test_a_training_that_replaces_another_says_so(remora, tmp_path, options):
    path = tmp_path / "net.npz"
    command = ["train", "tiny", "--data", "synthetic", "-o", str(path), *(options or ["--passes", "1"])]
    first = remora(*command, "--limit", "20").out
    assert "replaces it" not in first and "continuing" in remora(*command, "--limit", "20").out
    assert "net.npz holds another training, on other data" in remora(*command, "--limit", "30").out
    assert "replaces it" not in remora(*command, "--limit", "40", "--fresh").out

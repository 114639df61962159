"""The doctor: sees what is there, and where something is missing says so, says how to mend it, and exits with 1."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path

import pytest

from remora.flow.cli import main
from remora.flow.tools import doctor, opensta
from remora.golden.data.idx import EXCERPT
from tests import support

LEFT_OUT = ("torch",)
"""Extras that the set-up leaves out, since they are large and one example alone needs them."""
PACKAGES = [
    *doctor.PYTHON_PACKAGES,
    *(name for extra, brought in doctor.EXTRA_PACKAGES.items() if extra not in LEFT_OUT for name in brought),
]


def by_name(findings) -> dict[str, doctor.Finding]:
    return {finding.name.partition(" (")[0]: finding for finding in findings}


@pytest.fixture
def path_folder(tmp_path, monkeypatch):
    """A folder that is all there is on PATH; returns a function that puts a fake command there."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def put(name: str, script: str) -> Path:
        command = folder / name
        command.write_text(f"#!/bin/sh\n{script}\n")
        command.chmod(0o755)
        return command

    return put


def test_here_everything_required_is_there():
    findings = doctor.examine()
    assert doctor.healthy(findings), [finding for finding in findings if not finding.present]
    names = by_name(findings)
    assert {
        "Python",
        "libpython",
        "python command",
        "c++",
        "make",
        "perl",
        "Verilator",
        "numpy",
        "amaranth",
        "cocotb",
        "data",
    } <= names.keys()
    for finding in findings:
        assert finding.present == (not finding.fix), finding
    for name in ("Python", "c++", "make", "perl", "Verilator", "numpy", *PACKAGES):
        assert names[name].version and Path(names[name].where).exists(), name


def test_missing_commands_are_named_with_the_line_that_mends_them(path_folder, capsys):
    names = by_name(doctor.examine())
    for name in ("c++", "make", "perl"):
        assert not names[name].present and "sudo apt install g++ make perl python3-venv" in names[name].fix
    assert names["Python"].present and names["amaranth"].present
    with pytest.raises(SystemExit) as caught:
        main(["doctor"])
    printed = capsys.readouterr().out
    assert caught.value.code == 1
    assert "Something required is missing" in printed and printed.count("sudo apt install g++") == 3


def test_optional_things_do_not_make_ill():
    findings = [doctor.Finding("a", True), doctor.Finding("b", False, required=False, fix="x")]
    assert doctor.healthy(findings)
    assert not doctor.healthy([*findings, doctor.Finding("c", False, fix="x")])


@pytest.mark.parametrize(
    ("name", "script"),
    [
        ("perl", "case \"$*\" in *FindBin*) exit 2;; esac; echo v5.36.0"),  # perl-base
        ("c++", "case \"$*\" in *gnu++20*) exit 1;; esac; echo 7.5.0"),  # too old
        ("make", "echo 'bmake 20200710'"),  # not GNU
    ],
)  # fmt: skip
def test_a_command_that_is_there_but_will_not_do(path_folder, name, script):
    command = path_folder(name, script)
    finding = by_name(doctor.examine())[name]
    assert not finding.present and finding.where == str(command) and finding.fix


def test_a_good_command_on_path_is_reported_with_its_version(path_folder):
    own = path_folder("verilator", "echo 'Verilator 5.040 2025-08-30 rev v5.040'")
    assert by_name(doctor.examine())["Verilator"] == doctor.Finding(
        "Verilator (from PATH)", True, True, "5.040", str(own)
    )
    own.write_text("#!/bin/sh\necho 'Verilator 5.006 2023-01-22'\n")
    assert by_name([doctor._verilator()])["Verilator"].version != "5.006"


@pytest.mark.parametrize(
    ("printed", "reason"),
    [
        (None, "there is no command 'iverilog' on PATH; on Debian or Ubuntu: sudo apt install iverilog"),
        ("Icarus Verilog version 10.3 (stable) ()", "Icarus Verilog 10.3 at '.*' is older than 11"),
        ("nonsense", "names no version"),
    ],
)
def test_icarus_that_will_not_do(path_folder, printed, reason):
    if printed:
        for name in ("iverilog", "vvp"):
            path_folder(name, f"echo '{printed}'")
    finding = by_name(doctor.examine())["Icarus Verilog"]
    assert not finding.present and not finding.required and re.search(reason, finding.fix)


@pytest.mark.parametrize("version", ["11.0 (stable) ()", "14.0 (devel) (s20251012-105)"])
def test_icarus_on_path_is_reported_with_its_version(path_folder, version):
    own = path_folder("iverilog", f"echo 'Icarus Verilog version {version}'")
    path_folder("vvp", "exit 0")
    expected = doctor.Finding("Icarus Verilog", True, False, version.partition(" ")[0], str(own))
    assert by_name(doctor.examine())["Icarus Verilog"] == expected


@pytest.mark.parametrize(
    ("script", "reason"),
    [(None, "there is no command 'sta' on PATH"), ("echo nonsense", "names no version")],
)
def test_opensta_that_will_not_do(path_folder, script, reason):
    if script:
        path_folder("sta", script)
    finding = by_name(doctor.examine())["OpenSTA"]
    assert not finding.present and not finding.required and reason in finding.fix
    assert finding.fix.endswith("sudo apt install opensta")


def test_opensta_and_cells_are_reported(path_folder, tmp_path, monkeypatch):
    own = path_folder("sta", "echo 2.0.17")
    lib = tmp_path / "osu018" / "cells.lib"
    monkeypatch.setattr(opensta, "CELLS", lib)
    names = by_name(doctor.examine())
    assert names["OpenSTA"] == doctor.Finding("OpenSTA", True, False, "2.0.17", str(own))
    assert names["standard cells"].fix.endswith("sudo apt install qflow-tech-osu018")
    lib.parent.mkdir()
    lib.write_text("library(x) {}")
    assert by_name(doctor.examine())["standard cells"].present


def test_chromium_under_any_of_its_names(path_folder):
    finding = by_name(doctor.examine())["Chromium"]
    assert not finding.present and not finding.required and "sudo apt install chromium" in finding.fix
    own = path_folder("google-chrome", "echo 'Google Chrome 156.0.8078.108 '")
    expected = doctor.Finding("Chromium", True, False, "156.0.8078.108", str(own))
    assert by_name(doctor.examine())["Chromium"] == expected


def test_a_missing_tool_skips_a_test_but_fails_it_in_ci(path_folder, monkeypatch):
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="sudo apt install iverilog"):
        support.icarus()
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="sudo apt install iverilog"):
        support.icarus()


def test_packages_that_are_missing_or_broken(tmp_path, monkeypatch):
    (tmp_path / "broken_package.py").write_text("raise OSError('libfoo.so: cannot open shared object file')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    packages = {"no-such-package": "no_such_package", "broken-package": "broken_package", "numpy": "numpy"}
    monkeypatch.setattr(doctor, "PYTHON_PACKAGES", packages)
    names = by_name(doctor.examine())
    assert "No module named 'no_such_package'; run 'make setup'" in names["no-such-package"].fix
    assert "libfoo.so" in names["broken-package"].fix
    assert names["numpy"].present


def test_a_package_of_an_extra_is_optional_until_it_is_installed(tmp_path, monkeypatch):
    monkeypatch.setattr(doctor, "EXTRA_PACKAGES", {"plot": {"no-such-package": "no_such_package", "pip": "no_module"}})
    names = by_name(doctor.examine())
    missing, broken = names["no-such-package"], names["pip"]
    assert not missing.present and not missing.required and "pip install 'remora[plot]'" in missing.fix
    assert not broken.present and broken.required and "No module named 'no_module'" in broken.fix


def test_python_without_shared_library(monkeypatch):
    import find_libpython

    monkeypatch.setattr(find_libpython, "find_libpython", lambda: None)
    finding = doctor._shared_python()
    assert not finding.present and "--enable-shared" in finding.fix
    monkeypatch.setitem(sys.modules, "find_libpython", None)
    assert "make setup" in doctor._shared_python().fix


def test_build_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("REMORA_SIM_BUILD", str(tmp_path / "a b"))
    assert "contains a space" in doctor._build_folder().fix
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("REMORA_SIM_BUILD", str(tmp_path / "file"))
    assert not doctor._build_folder().present


def test_data(tmp_path, monkeypatch):
    monkeypatch.delenv("REMORA_DATA", raising=False)
    assert doctor._data().present and "bundled: 3,000 + 1,000 digits" in doctor._data().name
    monkeypatch.setenv("REMORA_DATA", str(tmp_path))
    assert not doctor._data().present and f"{tmp_path}/mnist" in doctor._data().fix
    shutil.copytree(EXCERPT, tmp_path / "mnist")
    (tmp_path / "speech_commands").mkdir()
    assert doctor._data().name == "data (3,000 + 1,000 digits, speech_commands)"


def test_json(tmp_path, monkeypatch):
    with pytest.raises(SystemExit) as caught:
        main(["doctor", "--json", str(tmp_path / "deep" / "doctor.json")])
    assert caught.value.code == 0
    result = json.loads((tmp_path / "deep" / "doctor.json").read_text())
    assert result["healthy"] is True and len(result["findings"]) > 20
    assert result["findings"][0]["name"] == "Python"

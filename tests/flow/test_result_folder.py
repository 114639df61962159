"""Folders of results: marked, moved in at once, and never in the way of other people's files."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import pytest

import flow.result_folder
from flow.result_folder import MANIFEST, FolderError, folder_result


def make(directory: Path, force: bool = False, unmarked=None, **files: str) -> None:
    """A result with the files ``files``; ``__`` in a name is a slash."""
    with folder_result(directory, force=force, unmarked=unmarked) as stage:
        assert not list(stage.iterdir())
        for name, text in files.items():
            path = stage / name.replace("__", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)


def content(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in sorted(folder.rglob("*"))
        if not path.is_dir() and path.name != MANIFEST
    }


def folders(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_dir()}


@pytest.fixture
def out(tmp_path):
    return tmp_path / "work" / "out"


def test_a_later_run_replaces_what_the_earlier_one_made_and_nothing_else(out):
    make(out, a="1", sim__deep__b="1", gone__c="1")
    (out / "sim" / "mine").write_text("mine")
    make(out, a="2", sim__deep__b="2", new__d="2")
    assert content(out) == {"a": "2", "sim/deep/b": "2", "new/d": "2", "sim/mine": "mine"}
    assert folders(out) == {"sim", "sim/deep", "new"} and [path.name for path in out.parent.iterdir()] == ["out"]


def test_the_manifest_is_of_the_form_that_sha256sum_reads(out):
    make(out, a="1", sim__b="2")
    command = ["sha256sum", "--check", "--strict", MANIFEST]
    answer = subprocess.run(command, cwd=out, capture_output=True, text=True, check=True).stdout
    assert answer.splitlines() == ["a: OK", "sim/b: OK"]


@pytest.mark.parametrize("name", ["thesis.txt", MANIFEST + "x", ".hidden"])
def test_a_folder_of_other_content_is_refused_unless_forced(out, name):
    out.mkdir(parents=True)
    (out / name).write_text("mine")
    with pytest.raises(FolderError, match=f"{out} holds files that Remora did not write.*--force"):
        make(out, a="1")
    assert content(out) == {name: "mine"} and not folders(out)
    make(out, force=True, a="1")
    assert content(out) == {name: "mine", "a": "1"}
    make(out, a="2")
    assert content(out) == {name: "mine", "a": "2"}


def test_an_empty_folder_is_taken_and_a_file_is_not(out):
    out.mkdir(parents=True)
    make(out, a="1")
    assert content(out) == {"a": "1"}
    with pytest.raises(FolderError, match="a is a file"):
        make(out / "a", force=True, a="1")


def test_what_a_person_changed_is_refused_unless_forced(out):
    make(out, a="1", b="1")
    (out / "a").write_text("changed")
    (out / "b").unlink()
    with pytest.raises(FolderError, match=f"{out}: a was changed since Remora wrote it.*--force"):
        make(out, a="2", b="2")
    assert content(out) == {"a": "changed"}
    make(out, force=True, a="2", b="2")
    assert content(out) == {"a": "2", "b": "2"}


def test_what_a_person_wrote_in_the_way_is_refused_unless_forced(out):
    make(out, a="1")
    (out / "b").write_text("mine")
    with pytest.raises(FolderError, match=f"{out}: b was not written by Remora and in the way"):
        make(out, a="2", b="2")
    assert content(out) == {"a": "1", "b": "mine"} and not folders(out)
    make(out, force=True, a="2", b="2")
    assert content(out) == {"a": "2", "b": "2"}


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, OSError])
@pytest.mark.parametrize("there", [True, False])
def test_what_ends_the_work_leaves_what_was_there(out, error, there):
    if there:
        make(out, a="1", b__c="1")
    with pytest.raises(error) as caught, folder_result(out) as stage:
        (stage / "a").write_text("2")
        raise error(errno.ENOSPC, "No space left on device")
    assert content(out) == ({"a": "1", "b/c": "1"} if there else {})
    assert out.exists() == there and [path.name for path in out.parent.iterdir()] == ["out"] * there
    if error is OSError:
        assert caught.value.filename == str(out)


@pytest.mark.parametrize("fails_at", range(1, 6))
def test_a_move_that_fails_takes_the_others_back(out, monkeypatch, fails_at):
    make(out, a="1", b="1")
    moves, rename = 0, Path.rename

    def failing(source, target):
        nonlocal moves
        moves += 1
        if moves == fails_at:
            raise KeyboardInterrupt
        return rename(source, target)

    monkeypatch.setattr(flow.result_folder.Path, "rename", failing)
    with pytest.raises(KeyboardInterrupt):
        make(out, a="2", c="2")
    monkeypatch.undo()
    assert content(out) == {"a": "1", "b": "1"} and moves >= fails_at
    make(out, a="3")
    assert content(out) == {"a": "3"}


def test_files_of_a_run_that_left_no_manifest_are_known_from_elsewhere(out):
    (out / "sub").mkdir(parents=True)
    for name in ("a", "sub/b"):
        (out / name).write_text("old")
    make(out, unmarked={"a": None, "sub/b": None}, a="2")
    assert content(out) == {"a": "2"} and not folders(out)


def test_a_manifest_reaches_nothing_outside(out, tmp_path):
    make(out, a="1")
    victim = tmp_path / "victim"
    victim.write_text("mine")
    digest = "0" * 64
    (out / MANIFEST).write_text(f"{digest}  ../../victim\n{digest}  {victim}\n")
    make(out, force=True, a="2")
    assert victim.read_text() == "mine" and content(out) == {"a": "2"}


# The command ----------------------------------------------------------------------------------------------------------
def remora(*arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "flow.cli", *arguments]
    return subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)


def test_generate_refuses_a_folder_of_other_content(out):
    out.mkdir(parents=True)
    (out / "thesis.txt").write_text("mine")
    answer = remora("generate", "one", "-o", str(out))
    assert answer.returncode == 2 and "--force" in answer.stderr and content(out) == {"thesis.txt": "mine"}
    assert remora("generate", "one", "-o", str(out), "--force").returncode == 0
    (out / "rtl" / "remora.v").write_text("mine")
    answer = remora("generate", "one", "-o", str(out))
    assert answer.returncode == 2 and "rtl/remora.v was changed" in answer.stderr
    assert (out / "rtl" / "remora.v").read_text() == "mine" and (out / "thesis.txt").read_text() == "mine"

"""Folders of results: marked, moved in at once, and never in the way of other people's files."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from remora.flow.tools import result_folder
from remora.flow.tools.result_folder import MANIFEST, FolderError, folder_result


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
    assert out.exists() == out.parent.exists() == there
    assert not there or [path.name for path in out.parent.iterdir()] == ["out"]
    if error is OSError:
        assert caught.value.filename == str(out)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("fails_at", range(1, 7))
def test_a_move_that_fails_takes_the_others_back(out, monkeypatch, fails_at, after):
    """Also where what ends it comes just after a file has moved, as a signal may."""
    make(out, a="1", b="1")
    moves, rename = 0, Path.rename

    def failing(source, target):
        nonlocal moves
        moves += 1
        if moves == fails_at and not after:
            raise KeyboardInterrupt
        rename(source, target)
        if moves == fails_at:
            raise KeyboardInterrupt

    monkeypatch.setattr(result_folder.Path, "rename", failing)
    with pytest.raises(KeyboardInterrupt):
        make(out, a="2", deep__c="2")
    monkeypatch.undo()
    assert content(out) == {"a": "1", "b": "1"} and moves >= fails_at and not folders(out)
    make(out, a="3")
    assert content(out) == {"a": "3"}


def test_files_of_a_run_that_left_no_manifest_are_known_from_elsewhere(out):
    """Whether a person has changed them is not known: those that differ are replaced with ``force`` only."""
    (out / "sub").mkdir(parents=True)
    for name in ("a", "sub/b", "c"):
        (out / name).write_text("old")
    unmarked = {"a": None, "sub/b": None, "c": None}
    with pytest.raises(FolderError, match=f"{out}: there is no {MANIFEST} .* you changed a, sub/b, and .*--force"):
        make(out, unmarked=unmarked, a="2", c="old")
    assert content(out) == {"a": "old", "sub/b": "old", "c": "old"}
    make(out, unmarked=unmarked, force=True, a="2", c="old")
    assert content(out) == {"a": "2", "c": "old"} and not folders(out)


def test_files_of_a_run_that_left_no_manifest_stay_where_nothing_differs(out):
    out.mkdir(parents=True)
    (out / "a").write_text("1")
    make(out, unmarked={"a": None}, a="1", b="1")
    assert content(out) == {"a": "1", "b": "1"} and (out / MANIFEST).is_file()


def test_what_is_the_same_stays_in_place(out):
    """Another process may be reading it; and ``make`` goes by its time."""
    make(out, a="1", sub__b="1", c="1")
    before = {name: (out / name).stat() for name in ("a", "sub/b", "c", MANIFEST)}
    make(out, a="1", sub__b="1", c="1")
    assert all((out / name).stat().st_ino == found.st_ino for name, found in before.items())
    make(out, a="1", sub__b="1", c="2")
    after = {name: (out / name).stat() for name in before}
    kept = {name for name in before if after[name].st_ino == before[name].st_ino}
    assert kept == {"a", "sub/b"} and all(after[name].st_mtime_ns == before[name].st_mtime_ns for name in kept)
    subprocess.run(["sha256sum", "--check", "--strict", MANIFEST], cwd=out, capture_output=True, check=True)


def test_what_is_the_same_is_there_at_every_moment_of_another_run(out, monkeypatch):
    make(out, a="1", b="1")
    moved, rename = [], Path.rename

    def watched(source, target):
        moved.append(source.name)
        assert (out / "a").is_file()
        return rename(source, target)

    monkeypatch.setattr(result_folder.Path, "rename", watched)
    make(out, force=True, a="1", b="2")
    assert "b" in moved and "a" not in moved


@pytest.mark.parametrize("target", ["sub", "sub/deep"])
def test_a_file_where_a_folder_goes_is_in_the_way(out, target):
    make(out, a="1")
    (out / target).parent.mkdir(exist_ok=True)
    (out / target).write_text("mine")
    with pytest.raises(FolderError, match=f"{out}: {target} was not written by Remora and in the way.*--force"):
        make(out, a="2", sub__deep__b="2", other__c="2")
    assert content(out) == {"a": "1", target: "mine"} and "other" not in folders(out)
    make(out, force=True, a="2", sub__deep__b="2", other__c="2")
    assert content(out) == {"a": "2", "sub/deep/b": "2", "other/c": "2"}


def test_a_folder_where_a_file_goes_is_refused_even_with_force(out):
    make(out, a="1")
    (out / "b").mkdir()
    (out / "b" / "mine").write_text("mine")
    for force in (False, True):
        with pytest.raises(FolderError, match=f"{out}: b: a folder stands where a file goes"):
            make(out, force=force, a="2", b="2")
    assert content(out) == {"a": "1", "b/mine": "mine"}


def test_results_of_two_kinds_do_not_take_each_other_for_their_own(out):
    make(out, a="1")
    with pytest.raises(FolderError, match="did not write"), folder_result(out, manifest="other.sha256"):
        pass
    assert content(out) == {"a": "1"}


@pytest.mark.parametrize("there", [True, False])
def test_a_disk_that_cannot_be_written_is_named_by_the_folder_that_was_asked_for(out, monkeypatch, there):
    """Even making the folder that the files wait in fails."""
    if there:
        make(out, a="1")
    make_folder = Path.mkdir

    def read_only(path, *arguments, **options):
        if ".part" in str(path):
            raise OSError(errno.EROFS, "Read-only file system", str(path if path.name[0] == "." else path.parent))
        return make_folder(path, *arguments, **options)

    monkeypatch.setattr(result_folder.Path, "mkdir", read_only)
    with pytest.raises(OSError, match="Read-only") as caught:
        make(out, a="2")
    assert caught.value.filename == str(out)


def test_a_manifest_reaches_nothing_outside(out, tmp_path):
    make(out, a="1")
    outside = tmp_path / "outside"
    outside.write_text("mine")
    digest = "0" * 64
    (out / MANIFEST).write_text(f"{digest}  ../../outside\n{digest}  {outside}\n")
    make(out, force=True, a="2")
    assert outside.read_text() == "mine" and content(out) == {"a": "2"}


# The command ----------------------------------------------------------------------------------------------------------
def remora(*arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "remora.flow.cli", *arguments]
    return subprocess.run(command, cwd=Path(__file__).parents[3], capture_output=True, text=True, check=False)


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

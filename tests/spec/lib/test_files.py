"""Results on disk: whole or not at all, whatever ends the work, and an error names the file."""

from __future__ import annotations

import errno
import os
import re
import resource
import signal
import stat
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from remora.golden.lib.npz import write_npz
from remora.spec.lib.files import check_writable, naming, replacing, write_bytes, write_text

BLOCK = 1 << 20


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@contextmanager
def smallest_disk(limit: int = 4096):
    """Every file that is longer than ``limit`` bytes ends in an error of the operating system, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


WRITERS = {
    "text": lambda path: write_text(path, "x" * BLOCK),
    "bytes": lambda path: write_bytes(path, b"x" * BLOCK),
    "npz": lambda path: write_npz(path, {"x": np.random.default_rng(1).bytes(BLOCK)}),
}


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("there", [True, False])
def test_a_full_disk_leaves_what_was_there_and_names_the_file(tmp_path, writer, there):
    path = tmp_path / "result"
    if there:
        path.write_text("what was there")
    with smallest_disk(), pytest.raises(OSError, match="result") as caught:
        WRITERS[writer](path)
    assert caught.value.errno == errno.EFBIG and caught.value.filename == str(path)
    assert names(tmp_path) == ({"result"} if there else set())
    if there:
        assert path.read_text() == "what was there"
    WRITERS[writer](path)
    assert path.stat().st_size >= BLOCK and names(tmp_path) == {"result"}


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, ZeroDivisionError])
def test_what_ends_the_work_leaves_what_was_there(tmp_path, error):
    path = tmp_path / "result.txt"
    write_text(path, "what was there")
    with pytest.raises(error), replacing(path) as partial:
        assert partial.suffix == ".txt"
        partial.write_text("half")
        raise error
    assert path.read_text() == "what was there" and names(tmp_path) == {"result.txt"}


def test_mode_and_link_stay_and_folders_are_made(tmp_path):
    path, link = tmp_path / "deep" / "er" / "result", tmp_path / "link"
    write_text(path, "first")
    path.chmod(0o640)
    link.symlink_to(path)
    write_text(link, "second")
    assert link.is_symlink() and path.read_text() == "second" and stat.S_IMODE(path.stat().st_mode) == 0o640


def test_devices_and_pipes_are_written_directly(tmp_path):
    write_text(Path("/dev/null"), "nothing")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    with pytest.raises(OSError, match="/dev/full") as caught:
        write_text(Path("/dev/full"), "x" * BLOCK)
    assert caught.value.errno == errno.ENOSPC
    script = (
        "from pathlib import Path; from remora.spec.lib.files import write_text; "
        "write_text(Path('/dev/stdout'), 'seen')"
    )
    root = Path(__file__).parents[3]
    assert subprocess.check_output([sys.executable, "-c", script], cwd=root) == b"seen"
    with (tmp_path / "out").open("w") as out:
        subprocess.run([sys.executable, "-c", script], stdout=out, cwd=root, check=True)
    assert (tmp_path / "out").read_text() == "seen"


def test_what_a_process_has_open_is_written_directly(tmp_path):
    """By whatever name; in place of a file of its own, what the process writes elsewhere would go astray."""
    links = {"deep": Path("/dev/stdout"), "link": tmp_path / "deep", "by-number": Path("/dev/fd/1")}
    for name, goal in links.items():
        (tmp_path / name).symlink_to(goal)
    for name in (*links, "/dev/stdout", "/proc/self/fd/1"):
        script = (
            "import sys; from pathlib import Path; from remora.spec.lib.files import write_text; "
            f"write_text(Path({str(tmp_path / name)!r}), 'seen')"
        )
        with (tmp_path / "out").open("w") as out:
            inode = os.fstat(out.fileno()).st_ino
            subprocess.run([sys.executable, "-c", script], stdout=out, cwd=Path(__file__).parents[3], check=True)
        assert (tmp_path / "out").read_text() == "seen" and (tmp_path / "out").stat().st_ino == inode, name


@pytest.mark.skipif(not os.access("/dev/shm", os.W_OK), reason="/dev/shm cannot be written here")
def test_a_file_in_memory_is_a_file():
    """``/dev/shm`` holds files like any other folder: whole or not at all."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        path = Path(folder) / "result.json"
        write_text(path, "what was there")
        with pytest.raises(ZeroDivisionError), replacing(path) as partial:
            partial.write_text("half")
            raise ZeroDivisionError
        assert path.read_text() == "what was there" and names(path.parent) == {"result.json"}


def test_a_disk_that_is_read_only_is_named_by_the_file_that_was_asked_for(tmp_path, monkeypatch):
    """There even removing a file that does not exist is an error."""

    def refused(path, *arguments, **options):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    for action in ("touch", "unlink"):
        monkeypatch.setattr(Path, action, refused)
    for write in (check_writable, lambda path: write_text(path, "x")):
        with pytest.raises(OSError, match="Read-only") as caught:
            write(tmp_path / "result.json")
        assert caught.value.filename == str(tmp_path / "result.json")


@pytest.mark.parametrize("there", [True, False])
def test_folders_that_were_made_for_a_result_go_with_it(tmp_path, there):
    path = tmp_path / "sub" / "deep" / "result"
    if there:
        path.parent.mkdir(parents=True)
    check_writable(path)
    with pytest.raises(ZeroDivisionError), replacing(path):
        raise ZeroDivisionError
    assert path.parent.exists() == path.parents[1].exists() == there
    with pytest.raises(ZeroDivisionError), replacing(path):
        (path.parent / "other").touch()
        raise ZeroDivisionError
    assert names(path.parent) == {"other"}


def test_whether_it_can_be_written_is_known_before(tmp_path):
    path = tmp_path / "result"
    check_writable(path)
    assert not names(tmp_path)
    write_text(path, "what was there")
    check_writable(path)
    assert path.read_text() == "what was there"
    for target in (tmp_path, path / "below", path / "below" / "deep"):
        with pytest.raises(OSError, match=str(target)):
            check_writable(target)


def test_nothing_else_writes_a_file_at_once():
    """What a simulation writes in its own process is apart: its directory counts only once it has ended well."""
    root, seen = Path(__file__).parents[3], 0
    for folder in ("spec", "golden", "hdl", "flow"):
        for path in (root / folder).rglob("*.py"):
            text, seen = path.read_text(encoding="utf-8"), seen + 1
            if path != root / "spec" / "lib" / "files.py":
                found = re.findall(
                    r"\.write_text\(|\.write_bytes\(|\.tofile\((?!partial)|np\.savez\w*\((?!partial|file)", text
                )
                assert not found, f"{path}: {found}; use remora.spec.lib.files"
    assert seen > 100


def test_an_error_that_names_another_file_keeps_its_name(tmp_path):
    with pytest.raises(FileNotFoundError) as caught, naming(tmp_path / "result", tmp_path / "stage"):
        (tmp_path / "other").read_text()
    assert caught.value.filename == str(tmp_path / "other")
    with pytest.raises(FileNotFoundError) as caught, naming(tmp_path / "result", tmp_path / "stage"):
        (tmp_path / "stage" / "deep").read_text()
    assert caught.value.filename == str(tmp_path / "result" / "deep")

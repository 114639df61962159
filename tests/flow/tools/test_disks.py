"""Disks that are full, read-only or nearly full: the file is named, what was there stays, and nothing hangs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from remora.flow.tools import disk_watch
from remora.flow.tools.children import run_child
from remora.flow.tools.disk_watch import FULL_BYTES, DiskWatch, check_room
from remora.flow.tools.simulator import SimulatorError, build, run
from tests.flow.tools.test_simulator import PROBE, PROBE_TESTS

ROOT = Path(__file__).parents[3]


@pytest.fixture
def small_disk(tmp_path):
    """A disk of one megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    try:
        subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no small disk can be mounted here, which needs root: {getattr(error, 'stderr', None) or error}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def remora(*arguments: str, largest: int | None = None, **options) -> subprocess.CompletedProcess:
    """The command, with files of at most ``largest`` bytes."""
    limit = [] if largest is None else ["prlimit", f"--fsize={largest}"]
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    command = [*limit, sys.executable, "-m", "remora.flow.cli", *arguments]
    return subprocess.run(command, cwd=ROOT, text=True, timeout=300, check=False, **options)


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def fill(disk: Path, left: int = 8192) -> None:
    """Leave so many bytes on a disk."""
    found = os.statvfs(disk)
    with (disk / "ballast").open("wb") as ballast:
        ballast.write(bytes(found.f_bavail * found.f_frsize - left))


WRITERS = [
    (["generate", "tiny", "-o"], "out"),
    (["config", "show", "mnist", "--json"], "result.json"),
    (["config", "init", "--force"], "mine.toml"),
    (["train", "mnist", "--data", "mnist", "--limit", "20", "--passes", "1", "-o"], "net.npz"),
]


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize(("arguments", "target"), WRITERS)
def test_a_full_disk_is_named_and_leaves_what_was_there(small_disk, arguments, target, there):
    path = small_disk / target
    if there and target == "out":
        assert remora("generate", "one", "-o", str(path)).returncode == 0
    elif there and target != "net.npz":
        path.write_text("what was there")
    fill(small_disk, left=0)
    before = files(small_disk)
    answer = remora(*arguments, str(path))
    assert answer.returncode == 2 and "No space left on device" in answer.stderr, answer.stderr
    assert f"error: {path}" in answer.stderr and "Traceback" not in answer.stderr and ".part" not in answer.stderr
    assert files(small_disk) == before and [each for each in small_disk.iterdir() if each.name[0] == "."] == []


@pytest.mark.parametrize(("arguments", "target"), WRITERS[1:])
def test_a_file_that_cannot_grow_is_named_and_leaves_what_was_there(tmp_path, arguments, target):
    """As on a full disk, by a limit of file sizes, which needs no root; but Yosys needs files of its own."""
    path = tmp_path / target
    if target != "net.npz":
        path.write_text("what was there")
    before = files(tmp_path)
    answer = remora(*arguments, str(path), largest=0)
    assert answer.returncode == 2 and "File too large" in answer.stderr, answer.stderr
    assert f"error: {path}" in answer.stderr and "Traceback" not in answer.stderr and ".part" not in answer.stderr
    assert files(tmp_path) == before and [each for each in tmp_path.rglob("*") if each.name[0] == "."] == []


@pytest.mark.parametrize("buffered", [True, False])
@pytest.mark.parametrize("arguments", [["presets"], ["--version"], ["--help"]])
def test_a_full_standard_output_is_named(arguments, buffered):
    environment = {**os.environ, "PYTHONUNBUFFERED": "" if buffered else "1"}
    with Path("/dev/full").open("w") as full:
        answer = remora(*arguments, stdout=full, env=environment)
    assert (answer.returncode, answer.stderr) == (2, "error: standard output: No space left on device\n")


def test_an_error_is_said_though_standard_output_is_full():
    with Path("/dev/full").open("w") as full:
        answer = remora("config", "check", "nowhere.toml", stdout=full)
    assert answer.returncode == 2 and "nowhere.toml" in answer.stderr, answer.stderr


def test_a_disk_that_is_read_only_is_named_by_what_was_asked_for(small_disk):
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    for arguments, target in WRITERS[:3]:
        answer = remora(*arguments, str(small_disk / target))
        assert (answer.returncode, answer.stderr) == (2, f"error: {small_disk / target}: Read-only file system\n")


def test_a_build_on_a_full_disk_names_it(small_disk, monkeypatch):
    monkeypatch.setenv("REMORA_SIM_BUILD", str(small_disk))
    fill(small_disk, left=40_000)
    with pytest.raises(OSError, match=f"No space left on device: '{small_disk}"):
        build([PROBE], "probe", name="probe")


def test_waves_on_a_full_disk_end_with_a_word(small_disk):
    recorder = build([PROBE], "probe", name="probe_waves", waves="vcd")
    path = small_disk / "deep" / "probe.vcd"
    with pytest.raises(OSError, match=f"No space left on device: '{path}'"):
        run(recorder, PROBE_TESTS, testcase="toggle", waves=path, timeout=120)
    assert not files(small_disk)


def test_a_simulator_that_cannot_write_and_hangs_is_ended(tmp_path):
    """By a limit of file sizes, which needs no disk of its own; the simulator's process alone is under it."""
    recorder = build([PROBE], "probe", name="probe_waves", waves="vcd")
    path = tmp_path / "probe.vcd"
    script = (
        "import resource, sys; from pathlib import Path; import remora.flow.tools.disk_watch; "
        "from remora.flow.tools.simulator import *\n"
        "remora.flow.tools.disk_watch.STILL_S = 2\n"
        f"recorder = build([Path({str(PROBE)!r})], 'probe', name='probe_waves', waves='vcd')\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))\n"
        "try:\n"
        f"    run(recorder, {PROBE_TESTS!r}, testcase='toggle', waves=Path(sys.argv[1]), timeout=100)\n"
        "except SimulatorError as error:\n"
        "    sys.exit(str(error).splitlines()[0])\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "REMORA_SIM_BUILD": str(recorder.directory.parent)}
    command = [sys.executable, "-c", script, str(path)]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and ("stands still" in done.stderr or "ended with status" in done.stderr), done.stderr
    assert "did not end within" not in done.stderr


def test_a_process_that_waits_stands_still_and_one_that_works_does_not(tmp_path, monkeypatch):
    monkeypatch.setattr(disk_watch, "STILL_S", 1.0)
    with pytest.raises(SimulatorError, match=f"stands still.*{tmp_path}"):
        run_child(["sleep", "30"], watch=DiskWatch([tmp_path]))
    busy = "import time\nend = time.monotonic() + 3\nwhile time.monotonic() < end: pass"
    assert run_child([sys.executable, "-c", busy], watch=DiskWatch([tmp_path])).returncode == 0


def test_room(tmp_path, monkeypatch):
    check_room([tmp_path / "not" / "there"])
    monkeypatch.setattr(disk_watch, "FULL_BYTES", 1 << 62)
    check_room([tmp_path], failed=False)
    with pytest.raises(OSError, match=str(tmp_path)):
        check_room([tmp_path])


LITTLE = FULL_BYTES - 1


def test_a_simulation_that_fits_on_a_disk_of_little_room_passes(tmp_path, monkeypatch):
    probe = build([PROBE], "probe", name="probe")
    monkeypatch.setattr(disk_watch, "_room", lambda path: LITTLE)
    assert run(probe, PROBE_TESTS, testcase="look", run_dir=tmp_path / "run").tests
    with pytest.raises(OSError, match=f"No space left on device: '{tmp_path}"):
        run(probe, PROBE_TESTS, testcase="look", run_dir=tmp_path / "run", plusargs=["+die"])
    monkeypatch.setattr(disk_watch, "_room", lambda path: 0)
    with pytest.raises(OSError, match=f"No space left on device: '{tmp_path}"):
        run(probe, PROBE_TESTS, testcase="look", run_dir=tmp_path / "run")


def test_a_process_that_stands_still_where_there_is_little_room_has_met_a_full_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(disk_watch, "FULL_STILL_S", 0.5)
    monkeypatch.setattr(disk_watch, "_room", lambda path: LITTLE)
    busy = "import time\nend = time.monotonic() + 2\nwhile time.monotonic() < end: pass"
    assert run_child([sys.executable, "-c", busy], watch=DiskWatch([tmp_path])).returncode == 0
    with pytest.raises(OSError, match=f"No space left on device: '{tmp_path}"):
        run_child(["sleep", "30"], watch=DiskWatch([tmp_path]))

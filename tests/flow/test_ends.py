"""How a command ends that does not end well: its children end too, it says why, and half a result is never left."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import flow.disk_watch
from flow.children import WORDS, Ended, run_child, signals_end, undisturbed
from flow.disk_watch import FULL_BYTES, DiskWatch, check_room
from flow.simulator import SimulatorError, build, build_root, run
from tests.flow.test_simulator import PROBE, PROBE_TESTS

ROOT = Path(__file__).parents[2]
SLEEP = ["sh", "-c", "sleep 600 & sleep 600"]
START_S, END_S = 120, 30

COMMAND = """
import sys
from types import SimpleNamespace
from flow import cli

def command():
    {body}

cli.COMMANDS["own"] = "A command of a test."
sys.modules["flow.commands.own"] = SimpleNamespace(command=command)
cli.main(["own"])
"""

CHILDREN = {
    "simulator": (
        "from flow.simulator import build, run; from pathlib import Path; "
        f"run(build([Path({str(PROBE)!r})], 'probe', name='probe'), {PROBE_TESTS!r}, testcase='hang', timeout=None)",
        "simulation",
    ),
    "build": (
        "from flow.simulator import build; from pathlib import Path; "
        f"build([Path({str(PROBE)!r})], 'probe', name='ended')",
        "cc1plus",
    ),
    "half-made hardware": (
        "from amaranth.back import verilog; from amaranth.hdl import Elaboratable, Module; "
        "from flow.children import run_child; "
        "inner = type('Inner', (Elaboratable,), {'elaborate': lambda self, platform: Module()}); "
        "outer = {'elaborate': lambda self, platform: (inner(), run_child(['sleep', '600']))}; "
        "verilog.convert(type('Outer', (Elaboratable,), outer)(), ports=[])",
        "sleep",
    ),
    "grandchildren": (f"from flow.children import run_child; run_child({SLEEP!r})", "sleep"),
    "workers": (
        "from flow.experiments.runner import Options, Unit, run_experiment; from pathlib import Path; "
        "from flow.children import run_child; "
        f"work = lambda context: run_child({SLEEP!r}); "
        "module = SimpleNamespace(plan=lambda options: [Unit({'n': n}, 1, work) for n in range(2)]); "
        "run_experiment('own', module, Options(directory=Path('work').absolute()), jobs=2)",
        "sleep",
    ),
}


def processes() -> dict[int, tuple[int, str]]:
    """Every process that has not ended: its number → its parent's, and its name."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            name, _, rest = (folder / "stat").read_text(errors="replace").partition("(")[2].rpartition(")")
        except OSError:
            continue
        state, parent = rest.split()[:2]
        if state not in "ZX":
            found[int(folder.name)] = (int(parent), name)
    return found


def descendants(process: int) -> dict[int, str]:
    every = processes()
    found, new = {}, {process}
    while new:
        new = {number for number, (parent, _) in every.items() if parent in new and number not in found}
        found |= {number: every[number][1] for number in new}
    return found


def started(process: int, name: str, wanted: int) -> dict[int, str]:
    """The descendants of a process, once so many of a name are among them."""
    found = descendants(process)
    return found if list(found.values()).count(name) >= wanted else {}


def wait_for(condition, seconds: float):
    """The first true value of ``condition()``, or its last one."""
    until = time.monotonic() + seconds
    while not (found := condition()) and time.monotonic() < until:
        time.sleep(0.05)
    return found


# Signals --------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("kind", "number"),
    [(kind, signal.SIGTERM) for kind in CHILDREN] + [("simulator", signal.SIGINT), ("grandchildren", signal.SIGHUP)],
)
def test_a_signal_ends_a_command_and_all_of_its_children(kind, number, tmp_path):
    body, child = CHILDREN[kind]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    if kind == "build":
        environment |= {"REMORA_SIM_BUILD": str(tmp_path), "CCACHE_DISABLE": "1"}
    else:
        environment["REMORA_SIM_BUILD"] = str(build_root())
    if kind == "workers":
        # Without pgrep, by which joblib finds what its workers started.
        for name in ("sh", "sleep"):
            (tmp_path / name).symlink_to(shutil.which(name))
        environment["PATH"] = str(tmp_path)
    script = [sys.executable, "-c", COMMAND.format(body=body)]
    if kind == "simulator":
        build([PROBE], "probe", name="probe")
    log = tmp_path / "said"
    with log.open("w") as output:
        command = subprocess.Popen(script, cwd=tmp_path, env=environment, stderr=output)
    there = {}
    try:
        there = wait_for(lambda: started(command.pid, child, 4 if kind == "workers" else 1), START_S)
        assert there, "the child never started"
        command.send_signal(number)
        assert command.wait(END_S) == 128 + number
        wait_for(lambda: not there.keys() & processes().keys(), END_S)
        assert not {process: there[process] for process in there.keys() & processes().keys()}
    finally:
        for process in {command.pid, *there} & processes().keys():
            os.kill(process, signal.SIGKILL)
        command.wait()
    said = log.read_text()
    assert said.strip().splitlines()[-1] == WORDS[number]
    # joblib says, with a traceback, that it misses pgrep.
    assert kind == "workers" or "Traceback" not in said
    assert not list(tmp_path.rglob("*.json"))


def test_a_unit_that_fails_ends_the_others_and_their_children(tmp_path):
    for name in ("sh", "sleep"):
        (tmp_path / name).symlink_to(shutil.which(name))
    body = (
        "from flow.children import run_child; from flow.experiments.runner import Options, Unit, run_experiment; "
        "from spec.errors import RemoraError; from pathlib import Path; import time; "
        f"sleep = lambda context: run_child({SLEEP!r}); "
        "go = Path('go').absolute(); wait = lambda: [time.sleep(0.1) for _ in iter(go.exists, True)]; "
        "fail = lambda context: (wait(), (_ for _ in ()).throw(RemoraError('a unit fails'))); "
        "units = [Unit({'n': n}, 1, work) for n, work in enumerate([fail, sleep])]; "
        "module = SimpleNamespace(plan=lambda options: units); "
        "run_experiment('own', module, Options(directory=Path('work').absolute()), jobs=2)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PATH": str(tmp_path)}
    script = [sys.executable, "-c", COMMAND.format(body=body)]
    with (tmp_path / "said").open("w") as output:
        command = subprocess.Popen(script, cwd=tmp_path, env=environment, stderr=output)
    there = wait_for(lambda: started(command.pid, "sleep", 2), START_S)
    (tmp_path / "go").touch()
    assert there and command.wait(START_S) == 2
    left = wait_for(lambda: not there.keys() & processes().keys(), END_S)
    for process in there.keys() & processes().keys():
        os.kill(process, signal.SIGKILL)
    assert left and "error: a unit fails" in (tmp_path / "said").read_text()


def test_a_signal_that_is_ignored_stays_ignored(tmp_path):
    body = "import os, signal; os.kill(os.getpid(), signal.SIGHUP); print('went on')"
    script = ["sh", "-c", 'trap "" HUP; exec "$@"', "sh", sys.executable, "-c", COMMAND.format(body=body)]
    done = subprocess.run(script, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and done.stdout == "went on\n"


@pytest.mark.parametrize("threads", [0, 1])
def test_a_signal_waits_for_what_must_not_stop_half_way(threads):
    """Also where another thread, such as that of a progress bar, could receive it."""
    done, over = [], threading.Event()
    others = [threading.Thread(target=over.wait) for _ in range(threads)]
    for thread in others:
        thread.start()
    try:
        with pytest.raises(Ended) as caught, signals_end():
            with undisturbed():
                with undisturbed():
                    os.kill(os.getpid(), signal.SIGTERM)
                    time.sleep(0.2)
                    done.append("inner")
                time.sleep(0.1)
                done.append("outer")
            done.append("after")
    finally:
        over.set()
    assert done == ["inner", "outer"] and caught.value.number == signal.SIGTERM
    with signals_end(), undisturbed():
        pass  # The signal is not delivered a second time.


# Children -------------------------------------------------------------------------------------------------------------
def test_a_child_that_takes_too_long_ends_with_its_children():
    seen = set()
    with pytest.raises(subprocess.TimeoutExpired):
        run_child(SLEEP, timeout=1.0, watch=lambda process: seen.update(descendants(process)))
    assert len(seen) >= 1 and not seen & processes().keys()


def test_what_a_watch_raises_ends_the_child_and_its_children():
    seen = set()

    def watch(process: int) -> None:
        seen.update(descendants(process))
        if seen:
            raise OSError(errno.ENOSPC, "No space left on device", "where")

    with pytest.raises(OSError, match="where"):
        run_child(SLEEP, watch=watch)
    assert seen and not seen & processes().keys()


def test_a_child_that_refuses_to_end_is_forced():
    began = time.monotonic()
    with pytest.raises(subprocess.TimeoutExpired):
        run_child(["sh", "-c", 'trap "" TERM; while :; do sleep 0.1; done'], timeout=0.5)
    assert time.monotonic() - began < 15


def test_status_and_output_of_a_child():
    done = run_child(["sh", "-c", "echo said; exit 3"], stdout=subprocess.PIPE)
    assert (done.returncode, done.stdout) == (3, "said\n")


# Full disks -----------------------------------------------------------------------------------------------------------
@pytest.fixture
def small_disk(tmp_path):
    """A disk of one megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def remora(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "flow.cli", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def fill(disk: Path, left: int = 8192) -> None:
    """Leave so many bytes on a disk."""
    found = os.statvfs(disk)
    with (disk / "ballast").open("wb") as ballast:
        ballast.write(bytes(found.f_bavail * found.f_frsize - left))


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize(
    ("arguments", "target"),
    [
        (["generate", "tiny", "-o"], "out"),
        (["config", "show", "mnist", "--json"], "result.json"),
        (["config", "init", "--force"], "mine.toml"),
        (["train", "mnist", "--data", "mnist", "--limit", "20", "--passes", "1", "-o"], "net.npz"),
    ],
)
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


def test_a_build_on_a_full_disk_names_it(small_disk, monkeypatch):
    monkeypatch.setenv("REMORA_SIM_BUILD", str(small_disk))
    fill(small_disk, left=40_000)
    with pytest.raises(OSError, match=f"No space left on device: '{small_disk}"):
        build([PROBE], "probe", name="probe")


def test_waves_on_a_full_disk_end_with_a_word(small_disk):
    recorder = build([PROBE], "probe", name="probe_waves", waves=True)
    path = small_disk / "deep" / "probe.vcd"
    with pytest.raises(OSError, match=f"No space left on device: '{path}'"):
        run(recorder, PROBE_TESTS, testcase="toggle", waves=path, timeout=120)
    assert not files(small_disk)


def test_a_simulator_that_cannot_write_and_hangs_is_ended(tmp_path):
    """By a limit of file sizes, which needs no disk of its own; the simulator's process alone is under it."""
    recorder = build([PROBE], "probe", name="probe_waves", waves=True)
    path = tmp_path / "probe.vcd"
    script = (
        "import resource, sys; from pathlib import Path; import flow.disk_watch; from flow.simulator import *\n"
        "flow.disk_watch.STILL_S = 2\n"
        f"recorder = build([Path({str(PROBE)!r})], 'probe', name='probe_waves', waves=True)\n"
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
    monkeypatch.setattr(flow.disk_watch, "STILL_S", 1.0)
    with pytest.raises(SimulatorError, match=f"stands still.*{tmp_path}"):
        run_child(["sleep", "30"], watch=DiskWatch([tmp_path]))
    busy = "import time\nend = time.monotonic() + 3\nwhile time.monotonic() < end: pass"
    assert run_child([sys.executable, "-c", busy], watch=DiskWatch([tmp_path])).returncode == 0


def test_room(tmp_path, monkeypatch):
    check_room([tmp_path / "not" / "there"])
    monkeypatch.setattr(flow.disk_watch, "FULL_BYTES", 1 << 62)
    check_room([tmp_path], failed=False)
    with pytest.raises(OSError, match=str(tmp_path)):
        check_room([tmp_path])


LITTLE = FULL_BYTES - 1


def test_a_simulation_that_fits_on_a_disk_of_little_room_passes(tmp_path, monkeypatch):
    probe = build([PROBE], "probe", name="probe")
    monkeypatch.setattr(flow.disk_watch, "_room", lambda path: LITTLE)
    assert run(probe, PROBE_TESTS, testcase="look", run_dir=tmp_path / "run").tests
    with pytest.raises(OSError, match=f"No space left on device: '{tmp_path}"):
        run(probe, PROBE_TESTS, testcase="look", run_dir=tmp_path / "run", plusargs=["+die"])
    monkeypatch.setattr(flow.disk_watch, "_room", lambda path: 0)
    with pytest.raises(OSError, match=f"No space left on device: '{tmp_path}"):
        run(probe, PROBE_TESTS, testcase="look", run_dir=tmp_path / "run")


def test_a_process_that_stands_still_where_there_is_little_room_has_met_a_full_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(flow.disk_watch, "FULL_STILL_S", 0.5)
    monkeypatch.setattr(flow.disk_watch, "_room", lambda path: LITTLE)
    busy = "import time\nend = time.monotonic() + 2\nwhile time.monotonic() < end: pass"
    assert run_child([sys.executable, "-c", busy], watch=DiskWatch([tmp_path])).returncode == 0
    with pytest.raises(OSError, match=f"No space left on device: '{tmp_path}"):
        run_child(["sleep", "30"], watch=DiskWatch([tmp_path]))

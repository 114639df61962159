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
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

from remora.flow.tools.children import WORDS, Ended, run_child, signals_end, undisturbed
from remora.flow.tools.simulator import build, build_root
from tests.flow.tools.test_simulator import PROBE, PROBE_TESTS

ROOT = Path(__file__).parents[3]
SLEEP = ["sh", "-c", "sleep 600 & sleep 600"]
START_S, END_S = 120, 120

COMMAND = """
import sys
from types import SimpleNamespace
from remora.flow import cli

def command():
    {body}

cli.COMMANDS["own"] = "A command of a test."
sys.modules["remora.flow.commands.own"] = SimpleNamespace(command=command)
cli.main(["own"])
"""

CHILDREN = {
    "simulator": (
        "from remora.flow.tools.simulator import build, run; from pathlib import Path; "
        f"run(build([Path({str(PROBE)!r})], 'probe', name='probe'), {PROBE_TESTS!r}, testcase='hang', timeout=None)",
        "simulation",
    ),
    "build": (
        "from remora.flow.tools.simulator import build; from pathlib import Path; "
        f"build([Path({str(PROBE)!r})], 'probe', name='ended')",
        "cc1plus",
    ),
    "half-made hardware": (
        "from amaranth.back import verilog; from amaranth.hdl import Elaboratable, Module; "
        "from remora.flow.tools.children import run_child; "
        "inner = type('Inner', (Elaboratable,), {'elaborate': lambda self, platform: Module()}); "
        "outer = {'elaborate': lambda self, platform: (inner(), run_child(['sleep', '600']))}; "
        "verilog.convert(type('Outer', (Elaboratable,), outer)(), ports=[])",
        "sleep",
    ),
    "grandchildren": (f"from remora.flow.tools.children import run_child; run_child({SLEEP!r})", "sleep"),
    "workers": (
        "from remora.flow.experiments.runner import Options, run_experiment; from pathlib import Path; "
        "from remora.flow.sweep.units import Unit; from remora.flow.sweep.clusters import Workers; "
        "from remora.flow.tools.children import run_child; "
        f"work = lambda context: run_child({SLEEP!r}); "
        "module = SimpleNamespace(plan=lambda options: [Unit({'n': n}, 1, work) for n in range(2)]); "
        "run_experiment('own', module, Options(directory=Path('work').absolute()), Workers(2))",
        "sleep",
    ),
    "parts": (
        "from remora.flow.tools.apart import working_apart; from remora.flow.tools.children import run_child\n"
        f"    with working_apart(lambda item: run_child({SLEEP!r}), range(2)) as apart: apart.results()",
        "sleep",
    ),
}


@dataclass(frozen=True)
class Process:
    """A process: its number, and its start in ticks, by which it differs from a later one that was given its number."""

    number: int
    start: int


def processes() -> dict[Process, tuple[int, str]]:
    """Every process that has not ended → its parent's number, and its name."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            name, _, rest = (folder / "stat").read_text(errors="replace").partition("(")[2].rpartition(")")
        except OSError:
            continue
        # The start is field 22 of proc_pid_stat(5), and the state is field 3.
        state, parent, start = (rest.split()[field - 3] for field in (3, 4, 22))
        if state not in "ZX":
            found[Process(int(folder.name), int(start))] = (int(parent), name)
    return found


def descendants(number: int) -> dict[Process, str]:
    """Those of the process of a number, and their names."""
    every = processes()
    found, new = {}, {number}
    while new:
        children = {each: name for each, (parent, name) in every.items() if parent in new and each not in found}
        found |= children
        new = {each.number for each in children}
    return found


def end(those: Iterable[Process]) -> None:
    """Kill those that have not ended."""
    for each in set(those) & processes().keys():
        os.kill(each.number, signal.SIGKILL)


def started(process: int, name: str, wanted: int) -> dict[Process, str]:
    """The descendants of a process, once so many of a name are among them."""
    found = descendants(process)
    return found if list(found.values()).count(name) >= wanted else {}


def wait_for(condition, seconds: float):
    """The first true value of ``condition()``, or its last one."""
    until = time.monotonic() + seconds
    while not (found := condition()) and time.monotonic() < until:
        time.sleep(0.05)
    return found


def as_from_a_terminal() -> None:
    """For a child before it starts: signals end it, also where whoever started the tests ignores them."""
    for number in WORDS:
        signal.signal(number, signal.SIG_DFL)


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
    script = [sys.executable, "-c", COMMAND.format(body=body)]
    if kind == "simulator":
        build([PROBE], "probe", name="probe")
    log = tmp_path / "said"
    with log.open("w") as output:
        command = subprocess.Popen(script, cwd=tmp_path, env=environment, stderr=output, preexec_fn=as_from_a_terminal)
    there = {}
    try:
        there = wait_for(lambda: started(command.pid, child, 4 if kind == "workers" else 1), START_S)
        assert there, "the child never started"
        command.send_signal(number)
        assert command.wait(END_S) == 128 + number
        wait_for(lambda: not there.keys() & processes().keys(), END_S)
        assert not {process: there[process] for process in there.keys() & processes().keys()}
    finally:
        end(there)
        command.kill()
        command.wait()
    said = log.read_text()
    assert said.splitlines().count(WORDS[number]) == 1
    assert said.strip().splitlines()[-1] == WORDS[number] and "Traceback" not in said
    assert not list(tmp_path.rglob("*.json"))


def test_a_unit_that_fails_ends_the_others_and_their_children(tmp_path):
    for name in ("sh", "sleep"):
        (tmp_path / name).symlink_to(shutil.which(name))
    body = (
        "from remora.flow.tools.children import run_child; "
        "from remora.flow.experiments.runner import Options, run_experiment; "
        "from remora.flow.sweep.units import Unit; from remora.flow.sweep.clusters import Workers; "
        "from remora.spec.lib.errors import RemoraError; from pathlib import Path; import time; "
        f"sleep = lambda context: run_child({SLEEP!r}); "
        "go = Path('go').absolute(); wait = lambda: [time.sleep(0.1) for _ in iter(go.exists, True)]; "
        "fail = lambda context: (wait(), (_ for _ in ()).throw(RemoraError('a unit fails'))); "
        "units = [Unit({'n': n}, 1, work) for n, work in enumerate([fail, sleep])]; "
        "module = SimpleNamespace(plan=lambda options: units); "
        "run_experiment('own', module, Options(directory=Path('work').absolute()), Workers(2))"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PATH": str(tmp_path)}
    script = [sys.executable, "-c", COMMAND.format(body=body)]
    with (tmp_path / "said").open("w") as output:
        command = subprocess.Popen(script, cwd=tmp_path, env=environment, stderr=output)
    there = wait_for(lambda: started(command.pid, "sleep", 2), START_S)
    (tmp_path / "go").touch()
    assert there and command.wait(START_S) == 2
    left = wait_for(lambda: not there.keys() & processes().keys(), END_S)
    end(there)
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
def all_gone(ended: set[int]) -> bool:
    """Whether processes that were killed are gone; a grandchild stays in the table until init has taken its status."""
    return wait_for(lambda: not ended & processes().keys(), 5)


def test_a_child_that_takes_too_long_ends_with_its_children():
    seen = set()
    with pytest.raises(subprocess.TimeoutExpired):
        run_child(SLEEP, timeout=1.0, watch=lambda process: seen.update(descendants(process)))
    assert seen and all_gone(seen)


def test_what_a_watch_raises_ends_the_child_and_its_children():
    seen = set()

    def watch(process: int) -> None:
        seen.update(descendants(process))
        if seen:
            raise OSError(errno.ENOSPC, "No space left on device", "where")

    with pytest.raises(OSError, match="where"):
        run_child(SLEEP, watch=watch)
    assert seen and all_gone(seen)


def test_a_child_that_refuses_to_end_is_forced():
    began = time.monotonic()
    with pytest.raises(subprocess.TimeoutExpired):
        run_child(["sh", "-c", 'trap "" TERM; while :; do sleep 0.1; done'], timeout=0.5)
    assert time.monotonic() - began < 15


def test_status_and_output_of_a_child():
    done = run_child(["sh", "-c", "echo said; exit 3"], stdout=subprocess.PIPE)
    assert (done.returncode, done.stdout) == (3, "said\n")

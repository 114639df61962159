"""Child processes and the signals that end a command: no child outlives the command that started it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

from remora.spec.lib.errors import RemoraError
from remora.spec.lib.files import replacing

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

WORDS = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated", signal.SIGHUP: "the terminal was closed"}
"""Signals that end a command, and the word for each."""

POLL_S = 0.25
GRACE_S = 3.0
"""Time that a process has between being asked and being forced to end."""

_running: set[subprocess.Popen] = set()
"""First processes of the groups that `run_child` waits for now."""


class Ended(BaseException):
    """A signal ends the command; no ``Exception``, so that nothing takes it for a failure of the work."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = signal.Signals(number)

    @property
    def word(self) -> str:
        """What happened, in words."""
        return WORDS[self.number]

    @property
    def exit_code(self) -> int:
        """128 + the number of the signal, as a shell reports it: 130 for SIGINT, 143 for SIGTERM, 129 for SIGHUP."""
        return 128 + self.number


@contextmanager
def signals_end() -> Iterator[None]:
    """While the block runs, each signal of `WORDS` raises `Ended` in the main thread, after it has reached the workers.

    A signal that was ignored stays ignored, as under ``nohup``. Does nothing outside the main thread.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in WORDS}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, _end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Waiting:
    """Blocks of `undisturbed` that the main thread is in, and the first signal that has come meanwhile."""

    blocks = 0
    number: int | None = None


def _end(number: int, frame: object) -> None:
    if _Waiting.blocks:
        _Waiting.number = _Waiting.number or number
        return
    with undisturbed():
        end_workers()
    raise Ended(number)


@contextmanager
def undisturbed() -> Iterator[None]:
    """While the block runs, the signals that `signals_end` takes wait; they end the command after the block.

    For what must not stop half way and takes a moment. The handler waits, not the signal: a thread that blocks a signal
    hands it to another thread, and Python then runs the handler in the main thread all the same. Does nothing outside
    the main thread, where no handler runs.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _Waiting.blocks += 1
    try:
        yield
    finally:
        _Waiting.blocks -= 1
        if not _Waiting.blocks and _Waiting.number:
            number, _Waiting.number = _Waiting.number, None
            _end(number, None)


def end_workers(workers: Iterable[BaseProcess] | None = None) -> None:
    """End worker processes, all of ``multiprocessing`` where None; each ends its own children first."""
    if workers is None:
        if "multiprocessing" not in sys.modules:
            return
        import multiprocessing

        workers = multiprocessing.active_children()
    workers = list(workers)
    for worker in workers:
        worker.terminate()
    until = time.monotonic() + GRACE_S
    for worker in workers:
        worker.join(max(0.0, until - time.monotonic()))


def end_children_by_signals() -> None:
    """From now on a signal that ends this process first ends what `run_child` has started; SIGINT is ignored, since the
    terminal sends it to whoever started this process too.

    For a worker whose units do their work in threads, where nothing that a handler raises would arrive.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _end_children)


def _end_children(number: int, frame: object) -> None:
    # The threads that wait for the children may take their status meanwhile, so only their groups are asked after.
    groups = [process.pid for process in list(_running)]
    until = time.monotonic() + GRACE_S
    while groups := [group for group in groups if _signalled(group, signal.SIGTERM)]:
        if time.monotonic() > until:
            for group in groups:
                _signalled(group, signal.SIGKILL)
            break
        time.sleep(0.02)
    os._exit(128 + number)


def _signalled(group: int, number: int) -> bool:
    """Whether a signal could be sent to a process group, since there is one."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
        return True
    return False


def run_child(
    command: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdout: IO | int | None = None,
    stderr: IO | int | None = None,
    timeout: float | None = None,
    watch: Callable[[int], None] | None = None,
) -> subprocess.CompletedProcess:
    """Run a command to its end in a process group of its own.

    Whatever ends the wait (a signal, the time-out, an error of ``watch``) ends the whole group.

    Args:
        timeout: seconds of wall-clock time; None for no limit.
        watch: called with the process's number every `POLL_S` seconds; what it raises ends the command.

    Returns:
        Its status, and its output as text where ``stdout`` or ``stderr`` is a pipe.

    Raises:
        subprocess.TimeoutExpired: it did not end within ``timeout``.
        OSError: it cannot be started.
    """
    until = None if timeout is None else time.monotonic() + timeout
    process = subprocess.Popen(
        [str(part) for part in command], cwd=cwd, env=env, stdout=stdout, stderr=stderr, text=True, process_group=0
    )
    _running.add(process)
    try:
        while True:
            left = None if until is None else until - time.monotonic()
            pause = min(POLL_S if watch else 3600.0, 3600.0 if left is None else max(0.0, left))
            with suppress(subprocess.TimeoutExpired):
                output, errors = process.communicate(timeout=pause)
                return subprocess.CompletedProcess(command, process.returncode, output, errors)
            if timeout is not None and left is not None and left <= pause:
                raise subprocess.TimeoutExpired(command, timeout)
            if watch:
                watch(process.pid)
    except BaseException:
        with undisturbed():
            _end_group(process)
        raise
    finally:
        _running.discard(process)


def run_logged(command: Sequence[str | Path], folder: Path, name: str, refused: Callable[[str], RemoraError]) -> str:
    """Run a program in ``folder``. Its log grows there in a file of another name until the program ends.

    Args:
        name: of the log, ``<name>.log`` in ``folder``.
        refused: makes the error that is raised where the program fails, of the first line that says ERROR, or the last.

    Returns:
        What it printed.
    """
    log = folder / f"{name}.log"
    with replacing(log) as growing, growing.open("wb") as file:
        done = run_child(command, cwd=folder, stdout=file, stderr=subprocess.STDOUT)
    printed = log.read_text(encoding="utf-8")
    if done.returncode:
        lines = [line for line in printed.splitlines() if line.strip()]
        reason = next((line for line in lines if "ERROR" in line), lines[-1] if lines else "it printed nothing")
        raise refused(reason.strip())
    return printed


def _end_group(process: subprocess.Popen) -> None:
    """Ask every process of the group to end, force those that do not, and wait for the first of them."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    until = time.monotonic() + GRACE_S
    # The first process stays unreaped until all are ended, so that the number of the group cannot become another's.
    while time.monotonic() < until and not os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
        time.sleep(0.02)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for pipe in (process.stdout, process.stderr):
        if pipe:
            pipe.close()

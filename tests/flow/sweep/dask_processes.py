"""A Dask cluster of processes for tests, as a person starts one: a scheduler, and workers that know where it is."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from distributed import Client

START_S = 60


class Cluster:
    """A scheduler's address, its process, and those of its workers.

    Args:
        folder: of the scheduler's file and of a log.
    """

    def __init__(self, folder: Path, log: IO[str]) -> None:
        self._folder, self._log, self._file = folder, log, folder / "scheduler.json"
        self.scheduler = self._run("dask_scheduler", "--host", "127.0.0.1", "--port", "0")
        self.workers: list[subprocess.Popen] = []
        until = time.monotonic() + START_S
        while not self._file.is_file():
            assert time.monotonic() < until and self.scheduler.poll() is None, Path(log.name).read_text()
            time.sleep(0.05)
        self.address = json.loads(self._file.read_text())["address"]

    def start(self, count: int) -> None:
        """Start workers with one thread each and without a nanny: one that is killed stays away."""
        self.workers += [self._run("dask_worker", "--no-nanny", "--nthreads", "1") for _ in range(count)]

    def _run(self, module: str, *arguments: str) -> subprocess.Popen:
        command = [sys.executable, "-m", f"distributed.cli.{module}", "--scheduler-file", str(self._file)]
        return subprocess.Popen(
            [*command, "--no-dashboard", *arguments], stdout=self._log, stderr=self._log, cwd=self._folder
        )


@contextmanager
def cluster(count: int, folder: Path) -> Iterator[Cluster]:
    """A scheduler and ``count`` workers, which are there."""
    with (folder / "cluster.log").open("w") as log:
        own = Cluster(folder, log)
        try:
            own.start(count)
            if count:
                with Client(own.address) as client:
                    client.wait_for_workers(count, timeout=START_S)
            yield own
        finally:
            for process in (own.scheduler, *own.workers):
                process.kill()
            for process in (own.scheduler, *own.workers):
                process.wait()

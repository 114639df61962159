"""A Dask cluster of processes for tests, as a person starts one: a scheduler, and workers that know where it is."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

START_S = 60


class Cluster(NamedTuple):
    """A scheduler's address, and the workers' processes."""

    address: str
    workers: list[subprocess.Popen]


@contextmanager
def cluster(count: int, folder: Path) -> Iterator[Cluster]:
    """``count`` workers with one thread each and without a nanny: one that is killed stays away."""
    file, log = folder / "scheduler.json", folder / "cluster.log"
    with log.open("w") as output:

        def start(module: str, *arguments: str) -> subprocess.Popen:
            command = [
                sys.executable,
                "-m",
                f"distributed.cli.{module}",
                "--scheduler-file",
                str(file),
                "--no-dashboard",
            ]
            return subprocess.Popen([*command, *arguments], stdout=output, stderr=output, cwd=folder)

        processes = [start("dask_scheduler", "--host", "127.0.0.1", "--port", "0")]
        try:
            until = time.monotonic() + START_S
            while not file.is_file():
                assert time.monotonic() < until and processes[0].poll() is None, log.read_text()
                time.sleep(0.05)
            processes += [start("dask_worker", "--no-nanny", "--nthreads", "1") for _ in range(count)]
            yield Cluster(json.loads(file.read_text())["address"], processes[1:])
        finally:
            for process in processes:
                process.kill()
            for process in processes:
                process.wait()

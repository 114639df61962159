#!/usr/bin/env bash
# Dask distributed 2026.8.0: a task fails with KilledWorker although it never ran. When a worker dies, the scheduler
# suspects every task that it had sent there, those that only waited behind the one at work among them. After one death
# more than allowed-failures they all fail.
# Expected before the run: the task that ends its worker fails alone, and those that wait behind it are done elsewhere.
# A program that hands out more tasks than there are workers should do suspected ones again, one by one.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3.11 -m venv venv
venv/bin/pip install --quiet distributed==2026.8.0
cat > suspects.py << 'END'
import logging
import os
import sys
from importlib.metadata import version
from pathlib import Path

import dask
from distributed import Client, LocalCluster
from distributed.scheduler import KilledWorker


def end_worker():
    os.kill(os.getpid(), 9)


def note(number):
    Path(f"ran-{number}").touch()
    return number


if __name__ == "__main__":
    dask.config.set({"distributed.scheduler.allowed-failures": 1})
    with LocalCluster(
        n_workers=1, threads_per_worker=1, dashboard_address="127.0.0.1:0", silence_logs=logging.CRITICAL
    ) as cluster, Client(cluster) as client:
        ending = client.submit(end_worker, pure=False, priority=1)
        waiting = [client.submit(note, number, pure=False) for number in range(3)]
        failed = sum(isinstance(each.exception(), KilledWorker) for each in (ending, *waiting))
    ran = len(list(Path().glob("ran-*")))
    print(f"distributed {version('distributed')}: {failed} of 4 tasks fail with KilledWorker, of which 1 ends its worker")
    print(f"{ran} of the 3 others ran")
    sys.exit(0 if failed > 1 and ran < 3 else "it has changed")
END
venv/bin/python suspects.py

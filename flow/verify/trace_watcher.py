"""Progress of a simulation, from the size of a file that it writes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

POLL_S = 0.2


class TraceWatcher:
    """Calls back with the number of records by which a file has grown, from a thread of its own."""

    def __init__(self, path: Path, record_bytes: int, progress: Callable[[int], None] | None) -> None:
        self._path, self._bytes, self._progress = path, record_bytes, progress
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> None:
        if self._progress:
            self._thread.start()

    def __exit__(self, *exception: object) -> None:
        self._ended.set()
        if self._progress:
            self._thread.join()

    def _watch(self) -> None:
        reported = 0
        while not self._ended.wait(POLL_S):
            if self._progress and self._path.is_file():
                done = self._path.stat().st_size // self._bytes
                self._progress(done - reported)
                reported = done

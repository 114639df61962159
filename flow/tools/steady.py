"""What makes trainings of small networks fast: one thread of linear algebra, and memory that the process keeps."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""Of glibc's ``mallopt``."""


@contextmanager
def steady() -> Iterator[None]:
    """While it lasts, linear algebra runs in one thread; memory that was freed stays with the process from then on.

    Products of a few hundred rows are over before a second thread has woken up, and where cores are busy it costs eight
    times the processor time. Temporary arrays of a megabyte, given back to the system and faulted in anew at every
    step, cost a third of it; where the C library is not glibc they still do.
    """
    from threadpoolctl import threadpool_limits

    _keep_freed_memory()
    with threadpool_limits(1):
        yield


def _keep_freed_memory() -> bool:
    """Whether the C library took the setting."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return bool(mallopt and mallopt(_MMAP_THRESHOLD, 32 << 20) and mallopt(_TRIM_THRESHOLD, 1 << 30))

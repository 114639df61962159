"""Python's search for cycles of references: it takes a tenth of many a run, which makes many objects and few cycles."""

from __future__ import annotations

import atexit
import gc

OBJECTS_BETWEEN_SEARCHES = 100_000
"""Python's own are 700; this many cost no memory."""


def search_seldom() -> None:
    """Let this process look for cycles after so many new objects, and not at its end, when all memory goes back."""
    gc.set_threshold(OBJECTS_BETWEEN_SEARCHES, *gc.get_threshold()[1:])
    atexit.register(gc.freeze)

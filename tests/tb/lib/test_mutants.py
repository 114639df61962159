"""How the process of a mutant ends."""

from __future__ import annotations

import subprocess
import sys

STOPS = """
import ctypes
from remora.tb.lib.mutants import _exit_at_once
libc = ctypes.CDLL(None)
libc.__cxa_atexit(ctypes.cast(libc.pause, ctypes.c_void_p), None, None)
_exit_at_once()
libc.printf(b"stopped")
libc.exit(0)
"""
"""A simulator that prints and ends, and would first wait for what never comes."""


def test_a_simulator_that_stops_waits_for_nothing():
    ended = subprocess.run([sys.executable, "-c", STOPS], stdout=subprocess.PIPE, text=True, timeout=60)
    assert (ended.returncode, ended.stdout) == (1, "stopped")

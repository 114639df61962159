"""How the process of a mutant ends."""

from __future__ import annotations

import subprocess
import sys

import pytest

from remora.flow.faults.mutants.recipe import ROOT

STOPS = """
import ctypes
from remora.tb.lib.mutants import exit_at_once
libc = ctypes.CDLL(None)
libc.__cxa_atexit(ctypes.cast(libc.pause, ctypes.c_void_p), None, None)
exit_at_once()
libc.printf(b"stopped")
libc.exit({status})
"""
"""A simulator that prints and ends, and would first wait for what never comes."""


@pytest.mark.parametrize("status", [0, 3])
def test_a_simulator_that_stops_waits_for_nothing(status):
    command = [sys.executable, "-c", STOPS.format(status=status)]
    ended = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=60, cwd=ROOT)
    assert (ended.returncode, ended.stdout) == (status, "stopped")

"""The search for cycles of references, which the command line and every simulation let happen seldom."""

from __future__ import annotations

import subprocess
import sys

import pytest

from remora.spec.lib.collector import OBJECTS_BETWEEN_SEARCHES

LATER = "import atexit, gc; atexit.register(lambda: print(gc.get_threshold()[0], gc.get_freeze_count() > 0)); "
"""Runs last of what is registered, since it is registered first."""


@pytest.mark.parametrize(
    "begin",
    ["import remora.tb", "from remora.flow.cli import main; main(['presets'])"],
    ids=["simulation", "command"],
)
def test_a_process_searches_seldom_and_not_at_its_end(begin):
    answer = subprocess.run([sys.executable, "-c", LATER + begin], capture_output=True, text=True, check=True)
    assert answer.stdout.splitlines()[-1] == f"{OBJECTS_BETWEEN_SEARCHES} True"

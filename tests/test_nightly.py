"""The nightly regression: a seed of its own, printed, for simulations and property tests alike."""

from __future__ import annotations

import subprocess
from datetime import date
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("given", ["SEED=7", None])
def test_the_seed_is_printed_and_used(given):
    """As given, else the date."""
    command = ["make", "--dry-run", "--no-print-directory", "nightly", *([given] if given else [])]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    seed = "7" if given else date.today().strftime("%Y%m%d")
    wanted = (f"seed {seed};", f"COCOTB_RANDOM_SEED={seed} ", f"--hypothesis-seed={seed}", "HYPOTHESIS_PROFILE=search")
    assert [word for word in wanted if word not in printed] == []


def test_continuous_integration_pins_its_seed():
    assert "export COCOTB_RANDOM_SEED=1\n" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")

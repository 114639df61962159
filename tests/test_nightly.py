"""The nightly regression: a seed of its own, printed, for simulations and property tests alike."""

from __future__ import annotations

import os
import re
import subprocess
from datetime import date
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OF_AN_OUTER_MAKE = {"MAKEFLAGS", "MFLAGS", "MAKELEVEL", "SEED"}
"""This test runs within ``make nightly SEED=7`` too, which hands its own seed on to every make."""


@pytest.mark.parametrize("given", ["SEED=7", None])
def test_the_seed_is_printed_and_used(given):
    """As given, else the date."""
    command = ["make", "--dry-run", "--no-print-directory", "nightly", *([given] if given else [])]
    environment = {name: value for name, value in os.environ.items() if name not in OF_AN_OUTER_MAKE}
    before = date.today()
    printed = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout
    # Midnight may pass meanwhile.
    days = {day.strftime("%Y%m%d") for day in (before, date.today())}
    (seed,) = set(re.findall(r"nightly regression, seed (\d+);", printed))
    assert seed in ({"7"} if given else days)
    wanted = (
        f"COCOTB_RANDOM_SEED={seed} ",
        f"--hypothesis-seed={seed}",
        "HYPOTHESIS_PROFILE=search",
        "REMORA_NIGHTLY=1",
    )
    assert [word for word in wanted if word not in printed] == []


def test_every_workflow_installs_what_the_tests_need():
    """A test whose tool is missing fails there."""
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    needed = {name for names in re.findall(r"packages\+=\(([^)]*)\)", script) for name in names.split()}
    assert "iverilog" in needed
    workflows = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
    missing = {}
    for path in workflows:
        (installed,) = re.findall(r"apt-get install --yes (.*)", path.read_text(encoding="utf-8"))
        missing[path.name] = (needed | {"g++", "make", "perl"}) - set(installed.split())
    assert missing == {"ci.yml": set(), "nightly.yml": set()}


def test_continuous_integration_pins_its_seed():
    assert "export COCOTB_RANDOM_SEED=1\n" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")

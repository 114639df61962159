"""Provenance: what is needed to get a result again."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

FIELDS = ("command", "commit", "version", "seed")


def provenance(seed: int | None = None) -> dict:
    """`FIELDS` of this run: command, commit (with ``+`` where files differ from it), version and seed; unknown ones are
    None.
    """
    return dict(zip(FIELDS, (_command(), _commit(), project_version(), seed), strict=True))


def _command() -> str:
    return " ".join([Path(sys.argv[0]).name, *sys.argv[1:]])


def _commit() -> str | None:
    root = Path(__file__).parents[3]
    try:
        git = ["git", "-C", str(root)]
        commit = subprocess.run(
            [*git, "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, check=True
        ).stdout.strip()
        changed = subprocess.run(
            [*git, "status", "--porcelain"], capture_output=True, text=True, check=True
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
    return commit + ("+" if changed else "")


def project_version() -> str | None:
    """Of the installed package; None where it is not installed."""
    try:
        return version("remora")
    except PackageNotFoundError:
        return None

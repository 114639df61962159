"""Style and types of the sources; the rules and their exceptions are in ``pyproject.toml``."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MOST_EXCEPTIONS = 2
"""Groups of modules in which types are not checked, or less. The number only falls."""


def run(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("arguments", [("ruff", "check"), ("ruff", "format", "--check"), ("mypy",)], ids=" ".join)
def test_the_sources_are_clean(arguments):
    done = run(*arguments)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_wrong_type_is_seen(tmp_path):
    (tmp_path / "wrong.py").write_text("from remora.spec.lib.rng import draw\n\ndraw('seed', 1, 2, 3)\n")
    settings = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text(settings.replace('packages = ["remora"]', 'files = ["wrong.py"]'))
    (tmp_path / "remora").symlink_to(ROOT / "remora")
    done = run("mypy", "--cache-dir", str(ROOT / ".mypy_cache"), cwd=tmp_path)
    assert done.returncode == 1 and 'Argument 1 to "draw" has incompatible type "str"' in done.stdout


def test_exceptions_of_the_type_checker_become_fewer():
    overrides = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mypy"]["overrides"]
    exceptions = [one for one in overrides if "ignore_missing_imports" not in one]
    print(f"{len(exceptions)} groups of modules are excepted")
    assert len(exceptions) <= MOST_EXCEPTIONS, "the number only falls"

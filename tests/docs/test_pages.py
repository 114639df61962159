"""The commands of tutorial and how-to pages run, in order, and do what the page says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from remora.spec.crossbar.design import DesignPoint
from remora.spec.presets import load_design
from tests.hdl.designs import POWERS
from tests.support import icarus

ROOT = Path(__file__).parents[2]
ROOMS = ("tutorial", "how-to")
PAGES = sorted(path for room in ROOMS for path in (ROOT / "docs" / room).glob("*.md"))
RUN = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PYTHON = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SET_UP = re.compile(r"^```shell\n(.*?)^```$", re.MULTILINE | re.DOTALL)
"""Blocks that prepare a machine; continuous integration has done that before, by the same commands."""


def script(text: str) -> str:
    """The blocks of a page as one script; Python stands in blocks of its own or between the lines of the shell."""
    found = sorted([(m.start(), m[1]) for m in RUN.finditer(text)] + [(m.start(), m[1]) for m in PYTHON.finditer(text)])
    shell = {m.start() for m in RUN.finditer(text)}
    parts = [block if at in shell else f"python - <<'PYTHON'\n{block}PYTHON\n" for at, block in found]
    return "".join(parts)


def run_page(text: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the blocks of a page in an empty folder, with the commands of this environment first on PATH."""
    binaries = Path(sys.executable).parent
    environment = os.environ | {
        "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "CHECKOUT": str(ROOT),
        "COLUMNS": "150",
    }
    environment.pop("MAKEFLAGS", None)
    # A page may start pytest, which must not take this one's settings for its own.
    for name in ("PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT", "PYTEST_CURRENT_TEST"):
        environment.pop(name, None)
    return subprocess.run(
        ["bash", "-euo", "pipefail"], input=script(text), cwd=folder, env=environment, capture_output=True, text=True
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_the_commands_of_a_page_run(page, tmp_path):
    text = page.read_text(encoding="utf-8")
    if page.parent.name == "how-to" and page.stem == "index":
        assert not script(text)
        return
    assert script(text), f"{page.name} has no command"
    if "icarus" in script(text):
        icarus()
    ran = run_page(text, tmp_path)
    assert ran.returncode == 0, f"{ran.stdout[-2000:]}\n{ran.stderr[-3000:]}"


def test_every_block_of_a_page_is_run_or_set_up():
    kinds = {
        kind for page in PAGES for kind in re.findall(r"^```(\S+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert kinds <= {"sh", "python", "shell", "text", "toml", "{toctree}"}
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    lines = [
        line
        for page in PAGES
        for block in SET_UP.findall(page.read_text(encoding="utf-8"))
        for line in block.split("\n")
    ]
    assert len(list(filter(None, lines))) >= 3
    assert [line for line in filter(None, lines) if line not in readme] == []


def test_the_design_point_of_the_tutorial_is_one_that_other_tests_build(tmp_path):
    (text,) = re.findall(
        r"> mine\.toml <<'END'\n(.*?)^END$",
        (ROOT / "docs" / "tutorial" / "index.md").read_text("utf-8"),
        re.MULTILINE | re.DOTALL,
    )
    (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
    assert load_design(tmp_path / "mine.toml", DesignPoint) == POWERS


def test_a_command_that_fails_is_noticed(tmp_path):
    assert run_page("```sh\nfalse\n```\n\n```sh\ntrue\n```\n", tmp_path).returncode == 1
    assert run_page("```sh\necho a | false | cat\n```\n", tmp_path).returncode == 1
    assert run_page("```python\nraise SystemExit(3)\n```\n", tmp_path).returncode == 3
    both = run_page("```sh\nx=1\n```\n\n```python\nprint('two')\n```\n\n```sh\necho $x\n```\n", tmp_path)
    assert (both.returncode, both.stdout) == (0, "two\n1\n")

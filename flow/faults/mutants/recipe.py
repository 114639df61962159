"""A block with its bench, as the tests of the checkout record it: what is built, and which tests run."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from remora.flow.tools.children import run_child
from remora.spec.lib.errors import RemoraError

RECORDER, WHOLES = "tests.hdl.mutated_blocks", "tests.hdl.mutated_wholes"
"""Module of the tests that records benches: ``python -m`` it lists the blocks, and with names and folders records.
The other runs mutants in whole accelerators."""
ROOT = Path(__file__).resolve().parents[3]
METHOD = (
    "tb/lib/mutants.py", "flow/faults/mutation.py",
    *(f"flow/faults/mutants/{name}.py" for name in ("drawn", "equivalence", "runs")),
)  # fmt: skip
"""Files that a verdict depends on too, relative to the project."""


class NoBench(RemoraError):
    """There is no bench of a block here."""


@dataclass(frozen=True)
class Recipe:
    """A block in its bench. ``folder`` has ``bench.v`` and, with source lines and initial values, ``bench.il``."""

    block: str
    folder: Path
    module: str
    """Verilog module of the block in the bench."""
    design: dict[str, Any] | None
    """Design point of the case, where the block is made for one."""
    test_module: str
    tests: list[str]
    """Names of cocotb tests; all of the module where empty."""
    config: dict[str, Any]
    """What the cocotb module is told."""
    sources: list[str]
    """Models of macros."""
    arguments: list[str]
    """For Verilator."""
    benches: list[str]
    """Files that the cocotb module is made of, relative to the project."""
    whole: bool = False
    """Whether the bench is a whole accelerator with tests of its own."""

    @property
    def content(self) -> str:
        """Hash of everything that a verdict depends on: the block in its bench, its tests, and how they are run.

        Golden is no part of it: as long as the sound block passes, golden gives the same for these stimuli.
        """
        hasher = hashlib.sha256((self.folder / "bench.v").read_bytes())
        hasher.update(json.dumps([self.module, self.test_module, self.tests, self.config, self.arguments]).encode())
        for path in (*map(Path, self.sources), *(ROOT / name for name in (*self.benches, *METHOD))):
            hasher.update(path.read_bytes())
        return hasher.hexdigest()[:16]


def known_blocks() -> list[str]:
    """Names of the blocks that the tests of this checkout have benches for.

    Raises:
        NoBench: this is no checkout.
    """
    return _listed(ROOT).split()


@cache
def _listed(root: Path) -> str:
    return _record([])


def record(block: str, folder: Path) -> Recipe:
    """Record a block's bench into ``folder``.

    Raises:
        NoBench: this is no checkout, its tests have no bench of that name, or the bench has no such module.
    """
    if block not in (known := known_blocks()):
        raise NoBench(f"there is no block '{block}' with a bench; those are: {', '.join(known)}")
    _record([block, str(folder)])
    recipe = Recipe(block, folder, **json.loads((folder / "bench.json").read_text(encoding="utf-8")))
    modules = re.findall(r"^module \\?(\S+)", (folder / "bench.il").read_text(encoding="utf-8"), re.MULTILINE)
    if recipe.module not in modules:
        raise NoBench(f"the bench of '{block}' has no module {recipe.module}; those are: {', '.join(sorted(modules))}")
    return recipe


def _record(arguments: Sequence[str]) -> str:
    if not (ROOT / (RECORDER.replace(".", "/") + ".py")).is_file():
        raise NoBench("benches of blocks are part of the tests: run remora mutate in a checkout")
    command = [sys.executable, "-m", RECORDER, *arguments]
    done = run_child(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        raise NoBench(f"the bench cannot be recorded: {lines[-1] if lines else 'it says nothing'}")
    return done.stdout

"""The rooms of the project: who may import whom, how much stands in one place, and who may ask for the kind of system.

The contracts themselves are in ``pyproject.toml`` under ``tool.importlinter``; `lint-imports` checks them by hand.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[1]
LAYERS = ("spec", "golden", "hdl", "tb", "flow")
MOST_FILES, MOST_LINES = 20, 400
MOST_EDGES = {"spec": 4, "golden": 12, "hdl": 10, "tb": 8, "flow": 30}
"""Most pairs of rooms of a layer of which one imports the other."""
IGNORED = 0
"""Imports that a contract ignores, each with its reason in ``pyproject.toml``. The number only falls."""
QUESTIONS = 0
"""Places outside the systems' rooms that ask for the kind of system."""

SYSTEM_ROOMS = ("crossbar", "bmru", "learning", "cells", "offline")
"""Folders that belong to one system."""
DESIGNS = ("DesignPoint", "BmruDesign")
"""Classes of design points: who tests an object against one asks for its system."""
KINDS = ("core_of", "bistable", "bmru", "is_bmru")
"""Names that stand for the kind of system where a condition reads them."""


def sources(*folders: str) -> Iterator[tuple[Path, ast.Module]]:
    """Every Python file of the folders, relative to the root, with its syntax tree."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path.relative_to(ROOT), ast.parse(path.read_text(encoding="utf-8"))


@cache
def graph() -> grimp.ImportGraph:
    """Imports between all modules of `remora`."""
    return grimp.build_graph("remora", cache_dir=None)


def edges(layer: str) -> set[tuple[str, str]]:
    """Pairs of rooms of a layer of which the first imports from the second."""
    prefix = f"remora.{layer}."
    modules = [name for name in graph().modules if name.startswith(prefix)]
    pairs = {(one, other) for one in modules for other in graph().find_modules_directly_imported_by(one)}
    rooms = {tuple(name.split(".")[2] for name in pair) for pair in pairs if pair[1].startswith(prefix)}
    return {(one, other) for one, other in rooms if one != other}


def asks(node: ast.AST) -> bool:
    """Whether a node of a syntax tree asks for the kind of system."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("isinstance", "issubclass"):
        return any(isinstance(part, ast.Name) and part.id in DESIGNS for part in ast.walk(node.args[1]))
    if isinstance(node, ast.If | ast.IfExp | ast.While):
        names = {part.id for part in ast.walk(node.test) if isinstance(part, ast.Name)}
        names |= {part.attr for part in ast.walk(node.test) if isinstance(part, ast.Attribute)}
        return bool(names & set(KINDS))
    return False


def questions() -> list[str]:
    """``file:line`` of every question for the kind of system that is asked outside the systems' rooms."""
    return [
        f"{path}:{node.lineno}"
        for path, tree in sources(*LAYERS)
        if not set(path.parts[:-1]) & set(SYSTEM_ROOMS)
        for node in ast.walk(tree)
        if asks(node)
    ]


def private_imports(path: Path, tree: ast.Module) -> list[str]:
    """Private names that a file imports from a room that is not its own."""
    here = ".".join(("remora", *path.parts[:-1]))
    return [
        f"{path}: {node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("remora.")
        for alias in node.names
        if (alias.name.startswith("_") or any(part.startswith("_") for part in node.module.split(".")))
        and node.module.rpartition(".")[0] != here
    ]


def contracts() -> list[dict]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]


def test_every_contract_of_the_imports_is_kept():
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    environment = {**os.environ, "COLUMNS": "200", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[done.stdout.find("Contracts\n") :]
    assert f"{len(contracts())} kept, 0 broken" in done.stdout
    assert len(contracts()) >= 8


def test_what_the_contracts_ignore_becomes_less(record_property):
    ignored = {one for contract in contracts() for one in contract.get("ignore_imports", ())}
    record_property("ignored_imports", len(ignored))
    print(f"{len(ignored)} imports are ignored")
    assert len(ignored) <= IGNORED, "the number only falls"


@pytest.mark.parametrize("layer", LAYERS)
def test_few_pairs_of_rooms_know_each_other(layer):
    found = edges(layer)
    print(f"{layer}: {len(found)} pairs: {sorted(found)}")
    assert 0 < len(found) <= MOST_EDGES[layer], sorted(found)


def test_no_folder_holds_more_files_than_a_reader_surveys():
    counts = Counter(path.parent for path, _ in sources(*LAYERS, "tests", "examples") if path.name != "__init__.py")
    assert len(counts) > 20
    assert {str(folder): count for folder, count in counts.items() if count > MOST_FILES} == {}


def test_no_file_is_longer_than_a_subject():
    lengths = {
        path: len((ROOT / path).read_text(encoding="utf-8").splitlines()) for path, _ in sources(*LAYERS, "tests")
    }
    assert len(lengths) > 200
    assert {str(path): length for path, length in lengths.items() if length > MOST_LINES} == {}


def test_every_folder_of_python_is_a_package():
    folders = {path.parent for path, _ in sources(*LAYERS, "tests")}
    assert [str(folder) for folder in sorted(folders) if not (ROOT / folder / "__init__.py").is_file()] == []


def test_no_private_name_leaves_its_room():
    found = [one for path, tree in sources(*LAYERS) for one in private_imports(path, tree)]
    assert found == []
    wrong = "from remora.spec.lib.fixed import _hidden\nfrom remora.golden.lib._secret import name"
    assert len(private_imports(Path("flow/commands/demo.py"), ast.parse(wrong))) == 2
    assert private_imports(Path("spec/lib/design.py"), ast.parse("from remora.spec.lib.fixed import _hidden")) == []


def test_nobody_asks_which_system_it_is():
    found = questions()
    rooms = defaultdict(int)
    for question in found:
        rooms["/".join(question.split("/")[:2])] += 1
    print(f"{len(found)} questions: {dict(rooms)}")
    assert len(found) <= QUESTIONS, found


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("isinstance(design, DesignPoint)", True),
        ("issubclass(kind, (str, BmruDesign))", True),
        ("1 if design.capabilities.bistable else 2", True),
        ("if bmru: pass", True),
        ("if core_of(design) == 'bmru': pass", True),
        ("isinstance(design, Design)", False),
        ("x = design.capabilities.bistable", False),
        ("if found: bmru = 1", False),
    ],
)
def test_a_question_is_seen(text, asked):
    assert any(asks(node) for node in ast.walk(ast.parse(text))) == asked

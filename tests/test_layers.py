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

from remora.flow.systems.registry import systems

ROOT = Path(__file__).parents[1]
LAYERS = ("spec", "golden", "hdl", "tb", "flow")
MOST_FILES, MOST_LINES = 20, 400
MOST_EDGES = {"spec": 5, "golden": 13, "hdl": 10, "tb": 8, "flow": 34}
"""Most pairs of rooms of a layer of which one imports the other."""
IGNORED = 0
"""Imports that a contract ignores, each with its reason in ``pyproject.toml``. The number only falls."""
QUESTIONS = 0
"""Places outside the systems' rooms that ask for the kind of system."""

SYSTEM_ROOMS = ("crossbar", "bmru", "learning", "cells", "offline")
"""Folders that belong to one system."""
DESIGNS = {system.design.__name__ for system in systems().values()}
"""Classes of design points: who tests an object against one asks for its system."""
KINDS = {"core_of", "bistable", *(f"{prefix}{name}" for name in systems() for prefix in ("", "is_"))}
"""Names that stand for the kind of system where a condition reads them."""
CODE = (".py", ".sv", ".v", ".vlt", ".rdl", ".cpp", ".h")
"""Endings of files whose lines and number are bounded."""


def sources(*folders: str) -> Iterator[tuple[Path, ast.Module]]:
    """Every Python file of the folders, relative to the root, with its syntax tree."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path.relative_to(ROOT), ast.parse(path.read_text(encoding="utf-8"))


def code_files(*folders: str) -> list[Path]:
    """Every file of code in the folders, relative to the root."""
    found = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in CODE]
    return [path.relative_to(ROOT) for path in sorted(found)]


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
    match node:
        case ast.Call(func=ast.Name(id="isinstance" | "issubclass"), args=[_, kind]):
            return bool(names(kind) & DESIGNS)
        case ast.Compare():
            return bool(names(node) & DESIGNS or constants(node) & systems().keys())
        case ast.MatchClass(cls=kind):
            return bool(names(kind) & DESIGNS)
        case ast.MatchValue(value=value):
            return bool(constants(value) & systems().keys())
        case ast.If(test=test) | ast.IfExp(test=test) | ast.While(test=test) | ast.Assert(test=test):
            return bool(names(test) & KINDS)
        case ast.BoolOp(values=parts) | ast.comprehension(ifs=parts):
            return any(names(part) & KINDS for part in parts)
    return False


def names(node: ast.AST) -> set[str]:
    """Names and attributes below a node."""
    found = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
    return found | {part.attr for part in ast.walk(node) if isinstance(part, ast.Attribute)}


def constants(node: ast.AST) -> set[str]:
    """Texts below a node."""
    return {part.value for part in ast.walk(node) if isinstance(part, ast.Constant) and isinstance(part.value, str)}


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
    counts = Counter(path.parent for path in code_files(*LAYERS, "tests", "examples") if path.name != "__init__.py")
    assert len(counts) > 20
    assert {str(folder): count for folder, count in counts.items() if count > MOST_FILES} == {}


def test_no_file_is_longer_than_a_subject():
    files = code_files(*LAYERS, "tests", "examples", "docs")
    lengths = {path: len((ROOT / path).read_text(encoding="utf-8").splitlines()) for path in files}
    assert {path.suffix for path in files} == set(CODE)
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
        ("issubclass(kind, (str, DesignPoint))", True),
        ("1 if design.capabilities.bistable else 2", True),
        ("if bmru: pass", True),
        ("if core_of(design) == 'other': pass", True),
        ("x = type(design) is DesignPoint", True),
        ("found = [each for each in designs if each.capabilities.bistable]", True),
        ("x = ready and design.capabilities.bistable", True),
        ("x = design.CORE == 'crossbar'", True),
        ("x = name in ('bmru', 'third')", True),
        ("match design:\n  case DesignPoint(): pass", True),
        ("match design.CORE:\n  case 'crossbar': pass", True),
        ("assert not is_bmru", True),
        ("isinstance(design, Design)", False),
        ("x = design.capabilities.bistable", False),
        ("if found: bmru = 1", False),
    ],
)
def test_a_question_is_seen(text, asked):
    assert any(asks(node) for node in ast.walk(ast.parse(text))) == asked

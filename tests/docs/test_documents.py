"""What the documents name exists: files of the project, and the components that no bench runs alone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("**/*.md"))]
PATH = re.compile(r"(?<![\w/.-])((?:spec|golden|hdl|tb|flow|tests|docs|data)/[\w./-]*\.(?:py|sv|v|vlt|rdl|toml|md))\b")
GENERATED = {"docs/registers.md", "docs/packets.md"}
"""Lie in a generated directory."""
ELSEWHERE = {"Remora", "BmruRemora", "Bench"}
"""The top levels, which `tests/top` runs, and what holds the blocks of a bench."""


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_that_a_document_names_exist(document):
    named = set(PATH.findall(document.read_text(encoding="utf-8"))) - GENERATED
    missing = {path for path in named if not (ROOT / path).is_file()}
    assert sorted(missing) == [], f"{document.name} names files that do not exist"


def test_documents_name_files():
    assert sum(len(PATH.findall(document.read_text(encoding="utf-8"))) for document in DOCUMENTS) > 50


def test_components_without_a_bench_are_those_that_the_document_names():
    hardware = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "hdl").glob("**/*.py")))
    components = set(re.findall(r"^class (\w+)\(wiring\.Component\)", hardware, re.MULTILINE)) - ELSEWHERE
    benches = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "tests" / "hdl").glob("**/*.py")))
    alone = {
        name for name in components if re.search(rf"^from remora\.hdl\..* import .*\b{name}\b", benches, re.MULTILINE)
    }
    text = (ROOT / "docs" / "explanation" / "verification.md").read_text(encoding="utf-8")
    table = re.search(r"^\| component \| runs in \|\n.*?\n\n", text, re.MULTILINE | re.DOTALL)[0].strip()
    named = {name for row in table.splitlines()[2:] for name in re.findall(r"`(\w+)`", row.split("|")[1])}
    assert len(components) > 40 and sorted(named) == sorted(components - alone)

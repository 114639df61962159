"""Files beside the sources that machines read: citation, changelog, hooks, templates, workflows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

import remora

ROOT = Path(__file__).parents[1]


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_citation_is_of_this_version():
    found = yaml.safe_load(read("CITATION.cff"))
    assert found["cff-version"] == "1.2.0" and found["version"] == remora.__version__
    assert {"message", "title", "authors", "license", "type"} <= found.keys()
    for paper in found["references"]:
        assert paper["authors"] and paper["title"] and paper["url"] in read("README.md")


def test_the_changelog_has_its_form():
    headings = re.findall(r"^## \[(.+?)\]", read("CHANGELOG.md"), re.MULTILINE)
    assert headings[0] == "Unreleased" and remora.__version__ in headings
    kinds = set(re.findall(r"^### (.+)$", read("CHANGELOG.md"), re.MULTILINE))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_the_hooks_run_what_make_lint_runs():
    (repository,) = yaml.safe_load(read(".pre-commit-config.yaml"))["repos"]
    hooks = [hook["entry"].replace(" --force-exclude", "") for hook in repository["hooks"]]
    recipe = re.search(r"^lint: setup\n((?:\t.+\n)+)", read("Makefile"), re.MULTILINE)[1]
    assert hooks == [line.strip().replace("$(BIN)", ".venv/bin") for line in recipe.splitlines()]
    assert all((ROOT / hook.split()[0]).name in ("ruff", "mypy") for hook in hooks)


@pytest.mark.parametrize("path", sorted((ROOT / ".github").rglob("*.yml")), ids=lambda path: path.name)
def test_every_file_of_the_forge_is_yaml(path):
    assert isinstance(yaml.safe_load(path.read_text(encoding="utf-8")), dict)


@pytest.mark.parametrize("path", sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.md")), ids=lambda path: path.name)
def test_every_template_of_an_issue_says_what_it_is_for(path):
    head = yaml.safe_load(path.read_text(encoding="utf-8").split("---\n")[1])
    assert head["name"] and head["about"]


@pytest.mark.parametrize("target", ["setup", "lint", "check", "test", "nightly"])
def test_the_guide_for_contributors_names_targets_that_exist(target):
    assert f"make {target}" in read("CONTRIBUTING.md")
    assert re.search(rf"^{target}:", read("Makefile"), re.MULTILINE)

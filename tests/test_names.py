"""One import name: every layer is imported as `remora.…`, and no file is loaded twice. One word a thing: old names do
not come back."""

from __future__ import annotations

import ast
import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LAYERS = ("spec", "golden", "hdl", "tb", "flow")
LOADED = f"""
import importlib, sys
from pathlib import Path
root = Path({str(ROOT)!r})
names = []
for layer in {LAYERS!r}:
    for path in sorted((root / layer).rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        names.append(".".join(("remora", *parts[:-1 if parts[-1] == "__init__" else None])))
for name in names:
    importlib.import_module(name)
bare = sorted(name for name in sys.modules if name.partition(".")[0] in {LAYERS!r})
assert not bare, f"loaded without remora: {{bare}}"
seen = {{}}
for name, module in list(sys.modules.items()):
    file = getattr(module, "__file__", None)
    if file and root in (path := Path(file).resolve()).parents and ".venv" not in path.parts:
        assert seen.setdefault(path, name) == name, f"{{path}} is both {{seen[path]}} and {{name}}"
assert len(seen) >= len(names), f"{{len(seen)}} files of {{len(names)}} modules are loaded"
print(len(names))
"""


def imported(source: str) -> list[str]:
    """The modules that a source imports, absolute ones alone."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.append(node.module)
    return found


def bare(source: str) -> list[str]:
    """Those of them that name a layer without `remora`."""
    return [name for name in imported(source) if name.partition(".")[0] in LAYERS]


def test_every_import_of_a_layer_begins_with_remora():
    seen, wrong = 0, {}
    for folder in (*LAYERS, "tests"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            names = imported(source := path.read_text(encoding="utf-8"))
            seen += sum(name.startswith("remora.") for name in names)
            if found := bare(source):
                wrong[str(path.relative_to(ROOT))] = found
    assert wrong == {} and seen > 1000


def test_a_bare_import_is_found():
    assert bare("import spec.lib.fixed\nfrom golden import data\nfrom remora.hdl import lib\nimport numpy") == [
        "spec.lib.fixed",
        "golden",
    ]


def test_no_file_is_loaded_under_two_names():
    run = subprocess.run([sys.executable, "-c", LOADED], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert int(run.stdout) > 200


def test_the_links_of_the_package_are_relative():
    links = {path.name: path.readlink() for path in (ROOT / "remora").iterdir() if path.is_symlink()}
    assert links == {name: Path("..", name) for name in (*LAYERS, "data")}


# Words ----------------------------------------------------------------------------------------------------------------
TEXTS = (".py", ".sv", ".v", ".rdl", ".toml", ".md", ".cpp", ".h", ".cff", ".yml", ".vlt")
NAMES_OF_TEXTS = ("Makefile", "NOTICE")
OLD_WORDS = {
    r"analog": "`bmru`, for the second system",
    r"\b(ships?|shipp\w+)\b": "bundled",
    r"\bjudg\w+": "check, compare, test",
    r"\bobey\w*": "apply",
    r"\bshortfall": "missing coverage",
    r"\bpatience\b": "timeout",
    r"\bcoy\b": "ready after valid",
    r"\bvictim": "reset bench",
    r"\bballot": "vote model",
    r"_slower": "rate shift",
    r"\boffer_|_offer\b": "insert",
}
"""Words of the past, whatever their case → what is said today. No code and no prose has them, but as `ALLOWED` says."""
OLD_NAMES = {
    "place": "add_submodule, replay_index, position",
    "places": "positions",
    "place_macro": "add_macro",
    "place_cells": "add_cells",
    "impolite": "stress_master",
    "Learned": "LearningResult",
    "Learnt": "LearningTrace",
    "Update": "WeightUpdate, CellUpdate",
    "OFFER": "INSERT",
    "KEPT": "ACCEPTED",
    "looks": "readback_points, watched",
    "SLOWEST": "MOST_RATE_SHIFT",
    "slower": "rate_shift",
}
"""Identifiers of the past in Python → those of today. Prose may use some of them as ordinary words."""
PHYSICAL = "the physical domain: parts, wires and cells that are no logic"
FIRST_VERSION = "what version 0.1 says"
ALLOWED = {
    r"analog": {
        "CITATION.cff": f"{PHYSICAL}, and the title of a paper",
        "NOTICE": PHYSICAL,
        "README.md": PHYSICAL,
        "tests/golden/devices/make_aihwkit.py": "classes of another project",
        "tests/speed/aihwkit_peer.py": "classes of another project",
        "CHANGELOG.md": FIRST_VERSION,
        "docs/adr/0001-amaranth-and-yosys.md": PHYSICAL,
        "docs/explanation/architecture.md": PHYSICAL,
        "docs/reference/design-point.md": FIRST_VERSION,
        "docs/reference/macros.md": PHYSICAL,
        "docs/tutorial/index.md": PHYSICAL,
        "hdl/__init__.py": PHYSICAL,
        "hdl/lib/hierarchy.py": PHYSICAL,
        "hdl/macros/__init__.py": PHYSICAL,
        "hdl/macros/remora_crossbar.sv": PHYSICAL,
        "spec/bmru/design.py": FIRST_VERSION,
        "spec/crossbar/capabilities.py": PHYSICAL,
        "spec/crossbar/network.py": PHYSICAL,
        "spec/crossbar/registers.rdl": PHYSICAL,
        "spec/presets/mnist-bmru.toml": PHYSICAL,
        "tests/golden/crossbar/test_array.py": PHYSICAL,
        "tests/spec/presets/test_identity.py": FIRST_VERSION,
        "tests/spec/presets/test_presets.py": FIRST_VERSION,
    },
    r"_slower": {
        "CHANGELOG.md": FIRST_VERSION,
        "golden/learning/settings.py": FIRST_VERSION,
        "tests/golden/learning/test_settings.py": "an ordinary word in the name of a test",
    },
    r"\boffer_|_offer\b": {"CHANGELOG.md": FIRST_VERSION},
}
"""Old word → the files that have it, and why."""


def texts() -> Iterator[tuple[str, str]]:
    """Name and content of every text that a person wrote; this file is left out."""
    folders = [ROOT / folder for folder in (*LAYERS, "remora", "tests", "docs", "examples", ".github")]
    paths = {path for folder in folders for path in folder.rglob("*")} | set(ROOT.iterdir())
    for path in sorted(path for path in paths if path.suffix in TEXTS or path.name in NAMES_OF_TEXTS):
        if path.is_file() and path != Path(__file__):
            yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")


def old_words(text: str) -> set[str]:
    """Those of `OLD_WORDS` that a text has."""
    return {word for word in OLD_WORDS if re.search(word, text, re.IGNORECASE)}


def old_names(source: str) -> set[str]:
    """Those of `OLD_NAMES` that a Python source has."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {token.string for token in tokens if token.type == tokenize.NAME} & OLD_NAMES.keys()


def test_old_words_do_not_come_back():
    found = {name: old_words(text) for name, text in texts()}
    wrong = [
        f"{name}: /{word}/: say {OLD_WORDS[word]}"
        for name, words in found.items()
        for word in words
        if name not in ALLOWED.get(word, ())
    ]
    assert wrong == [] and len(found) > 500
    idle = [f"{name}: /{word}/" for word, names in ALLOWED.items() for name in names if word not in found[name]]
    assert idle == [], "an allowance that nothing needs"


def test_old_names_do_not_come_back():
    found = {name: old_names(text) for name, text in texts() if name.endswith(".py")}
    wrong = [f"{name}: {word}: say {OLD_NAMES[word]}" for name, words in found.items() for word in words]
    assert wrong == [] and len(found) > 400


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("class AnalogDesign: ...", {r"analog"}),
        ("The networks that ship with it", {r"\b(ships?|shipp\w+)\b"}),
        ("Judged by what it is", {r"\bjudg\w+"}),
        ("hidden_slower = offer_kept(3)", {r"_slower", r"\boffer_|_offer\b"}),
        ("relationship, an answer on offer, a slower clock, in place", set()),
    ],
)
def test_an_old_word_is_seen(text, words):
    assert old_words(text) == words


def test_an_old_name_is_seen():
    assert old_names("from lib import place as put\nx = 'Learned'  # Update\nlooks.Learnt = 1") == {
        "place",
        "looks",
        "Learnt",
    }

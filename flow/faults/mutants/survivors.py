"""Survivors that are explained: a TOML file with a table for each block, and in it ``key = "reason"``, a line each."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from remora.spec.lib.errors import RemoraError

MOST_CHARACTERS = 200


def read_survivors(path: Path) -> dict[str, dict[str, str]]:
    """Reason by mutant by block; nothing where there is no file.

    Raises:
        RemoraError: the file is malformed: the message names the entry and says what it must be.
    """
    if not path.is_file():
        return {}
    try:
        blocks = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RemoraError(f"{path}: this is no TOML: {error}") from error
    for block, entries in blocks.items():
        if not isinstance(entries, dict):
            raise RemoraError(f"{path}: '{block}' must be a table of mutants, as in [{block}]")
        for key, reason in entries.items():
            if not re.fullmatch("[0-9a-f]{12}", key):
                raise RemoraError(f"{path}: [{block}] {key}: a mutant is twelve hexadecimal digits")
            if not isinstance(reason, str) or not reason.strip() or "\n" in reason or len(reason) > MOST_CHARACTERS:
                raise RemoraError(
                    f"{path}: [{block}] {key}: say in one line of 1 to {MOST_CHARACTERS} characters why no test can "
                    "notice it"
                )
    return blocks


def stale(explained: Mapping[str, str], survivors: set[str]) -> list[str]:
    """Mutants that are explained though they do not survive, or are not drawn."""
    return sorted(explained.keys() - survivors)

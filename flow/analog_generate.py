"""What the generated directory of an analog design has of its own: codes as words of the scan window, and its chain."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from golden.analog_codes import AnalogCodes
from spec.analog import AnalogDesign
from spec.scan import check_word, groups, pack_chain

MACRO_NAMES = ("remora_bmru_core", "remora_memory")
IMAGE = "codes"


def scan_words(codes: AnalogCodes) -> list[int]:
    """The words to be written to SCAN_DATA, in order."""
    return np.frombuffer(pack_chain(codes.chain()), "<u4").tolist()


def write_codes(codes: AnalogCodes, directory: Path) -> None:
    """``codes.hex``: the words of SCAN_DATA, one a line, and last the word of SCAN_CHECK."""
    directory.mkdir(parents=True, exist_ok=True)
    words = [*scan_words(codes), check_word(codes.chain())]
    (directory / f"{IMAGE}.hex").write_text("".join(f"{word:08x}\n" for word in words), encoding="utf-8")


def describe_chain(design: AnalogDesign) -> list[dict]:
    """The scan chain for the sidecar: of each group of elements where it lies and how an element is coded."""
    return [
        {
            "name": group.name, "kind": group.kind.value, "rows": group.rows, "columns": group.columns,
            "first_bit": group.first_bit, "code_bits": group.code_bits, "rail_bit": group.signed,
        }
        for group in groups(design)
    ]  # fmt: skip

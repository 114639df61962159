"""Codes as words of the scan window."""

from __future__ import annotations

import numpy as np

from remora.golden.bmru.codes import AnalogCodes
from remora.spec.bmru.scan import pack_chain


def scan_words(codes: AnalogCodes) -> list[int]:
    """The words to be written to SCAN_DATA, in order."""
    return np.frombuffer(pack_chain(codes.chain()), "<u4").tolist()

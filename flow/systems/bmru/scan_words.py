"""Codes as words of the scan window."""

from __future__ import annotations

import numpy as np

from remora.golden.bmru.codes import BmruCodes
from remora.spec.bmru.scan import pack_chain


def scan_words(codes: BmruCodes) -> list[int]:
    """The words to be written to SCAN_DATA, in order."""
    return np.frombuffer(pack_chain(codes.chain()), "<u4").tolist()

"""Traces as a simulation would write them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from remora.spec.lib.files import replacing
from remora.spec.lib.section import Design
from remora.spec.lib.trace import record_types, write_header


def write_trace(directory: Path, design: Design, records: dict[str, NDArray]) -> None:
    """Write a whole trace; kinds that are missing from ``records`` become empty files."""
    write_header(directory, design)
    for kind, dtype in record_types(design).items():
        with replacing(directory / f"{kind}.bin") as partial:
            np.asarray(records.get(kind, np.empty(0, dtype)), dtype=dtype).tofile(partial)

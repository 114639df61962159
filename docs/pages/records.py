"""Records of the trace, from their numpy types."""

from __future__ import annotations

from docs.pages.designs import documented
from docs.pages.tables import table
from remora.spec.lib.trace import UNCOMPARED, record_types


def records(name: str) -> str:
    """A table for every kind of record of a documented design point: offset, field, type and shape."""
    parts = []
    for kind, dtype in record_types(documented(name)).items():
        rows = []
        for field in dtype.names:
            base, offset = dtype.fields[field][:2]
            shape = " × ".join(map(str, base.shape)) or "1"
            compared = "no" if field in UNCOMPARED else "yes"
            rows.append((offset, f"`{field}`", f"`{base.base.str}`", shape, compared))
        title = f"### `{kind}.bin`, {dtype.itemsize} bytes a record"
        parts += [title, table(("offset", "field", "type", "shape", "compared"), rows)]
    return "\n\n".join(parts)

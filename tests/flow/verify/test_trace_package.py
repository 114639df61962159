"""The package of a trace has every field where the records of spec have it."""

from __future__ import annotations

import re

import pytest

from remora.flow.verify.trace_package import KEYWORDS, trace_package
from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib.section import Design
from remora.spec.lib.trace import record_types
from remora.spec.presets import load_design

TINY = load_design("tiny", DesignPoint)
DESIGNS: dict[str, Design] = {
    **{name: load_design(name, Design) for name in ("tiny", "one", "mnist", "kws", "kws16")},
    "replaying": TINY.evolve(learning={"enabled": True, "replay_capacity": 5}),
    "bistable": DesignPoint(name="cells", network={"hidden": 7}, cell={"kind": "bmru"}),
}
MEMBER = re.compile(r"    logic (?:\[(\d+):0\])?\[(\d+):0\] (\w+);")


@pytest.mark.parametrize("name", DESIGNS)
def test_every_field_has_the_bits_that_it_has_in_the_file(name):
    """Offset, width and length of every field of every kind, read out of the text."""
    kinds, compared = record_types(DESIGNS[name]), 0
    text = trace_package(kinds, {}, {})
    structs = dict(re.findall(r"typedef struct packed {\n(.*?)\n  } (\w+)_t;", text, re.DOTALL))
    structs = {kind: body for body, kind in structs.items()}
    assert structs.keys() == kinds.keys()
    for kind, dtype in kinds.items():
        offset = 0
        # The last member of a packed struct is in the low bits.
        for length, top, member in reversed(MEMBER.findall(structs[kind])):
            field = member.rstrip("_")
            size, start = dtype.fields[field][0].itemsize, dtype.fields[field][1]
            elements, bits = int(length or 0) + 1, int(top) + 1
            assert (start * 8, size * 8) == (offset, elements * bits), (kind, field)
            assert bits == 8 * dtype[field].base.itemsize and (member == field) == (field not in KEYWORDS)
            offset, compared = offset + elements * bits, compared + 1
        assert offset == dtype.itemsize * 8 and offset % 32 == 0
        assert f"localparam bit {kind.upper()}_PADDED = {int('padding' in dtype.names)};" in text
    assert compared == sum(len(dtype.names) for dtype in kinds.values()) > 5


def test_two_numbers_of_one_name_are_refused():
    with pytest.raises(AssertionError, match="a constant has the name"):
        trace_package(record_types(TINY), {"label": 4}, {"LABEL_BITS": 2})

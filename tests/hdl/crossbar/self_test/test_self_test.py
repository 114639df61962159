"""The self-test on Verilator: groups of rows, tiles of either layer in both directions, one integrator and two."""

from __future__ import annotations

from tests.hdl.crossbar.self_test.designs import ON, with_self_test
from tests.hdl.crossbar.self_test.shown_self_test import ShownSelfTest, fields_of
from tests.hdl.designs import cases, make_design
from tests.hdl.macro_models import MEMORY
from tests.support import simulate_cases

ODD = make_design(  # groups of eight rows, of four and of one, folds of five columns and of four, few planes
    network={"features": 3, "hidden": 9, "classes": 5, "max_steps": 2},
    cell={"lanes": 5},
    formats={"adc_bits": 7, "stream_bits": 4, "adc_range_log2": 2},
    crossbar={
        "rows": 9, "columns": 4, "levels": 8, "level_bits": 1, "fraction_bits": 0, "integrators": 2, **ON,
    },
)  # fmt: skip


def test_self_test():
    designs = {"odd": ODD, "one": with_self_test("one")["one"].evolve(formats={"stream_bits": 4})}
    fields = {name: fields_of(design) for name, design in designs.items()}
    module = "remora.tb.blocks.crossbar.self_test.test_self_test"
    options = {"extra_sources": [MEMORY], "config": {"fields": fields}}
    assert len(simulate_cases(ShownSelfTest, cases(designs), module, **options).tests) == 3

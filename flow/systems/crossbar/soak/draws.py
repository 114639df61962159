"""Random crossbar design points with all that the hardware may have, and how much traffic goes through each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from remora.flow.systems.crossbar.soak.random_designs import any_design
from remora.flow.systems.crossbar.soak.random_devices import with_devices
from remora.flow.verify.soak.random_values import within
from remora.flow.verify.soak.soaker import NAME
from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib.errors import RemoraError

CHIPS = 0.3
"""Share of the design points with MiRU cells that have real devices."""


def draw_design(random: np.random.Generator) -> DesignPoint:
    """A legal design point of a few units: bistable cells in a third, learning in two thirds of the others."""
    bistable = random.random() < 1 / 3
    design = any_design(random, "bmru" if bistable else "miru", str(random.choice(["accumulate", "direct"])))
    learns = not bistable and random.random() < 2 / 3
    forgets = {} if learns else {"replay_capacity": 0, "replay_ratio": 1}
    design = design.evolve(name=NAME, learning={"enabled": learns, **forgets})
    for changes in _hardware(random, design):
        try:
            design = design.evolve(origin=NAME, **changes)
        except RemoraError:
            continue  # one thing excludes another
    return _on_a_chip(random, design) if not bistable and random.random() < CHIPS else design


def _on_a_chip(random: np.random.Generator, design: DesignPoint) -> DesignPoint:
    """The design point with real devices, which the weight window verifies in some."""
    for verifies in (random.random() < 0.4, False):
        try:
            changes = {"verify_pulses": within(random, 1, 8), "verify_reads": int(random.choice([1, 2, 4]))}
            return with_devices(design.evolve(crossbar=changes if verifies else {}), random)
        except (RemoraError, AssertionError):
            continue
    return design


def _hardware(random: np.random.Generator, design: DesignPoint) -> Iterator[dict[str, dict[str, Any]]]:
    """What may be added, each in some of the design points."""
    network, learning = design.network, design.learning
    if random.random() < 0.3:
        yield {"network": {"readout": "every"}}
    if not design.cell.bistable:
        yield {"cell": {"lanes": within(random, 1, network.hidden)}}
    yield {
        "crossbar": {
            "adc_cycles": within(random, 1, 12), "pulse_cycles": within(random, 1, 6),
            "sense_cycles": within(random, 1, 3), "integrators": within(random, 1, 2),
        }
    }  # fmt: skip
    if random.random() < 0.2:
        yield {"crossbar": {"macro_rows": design.crossbar.rows, "macro_columns": design.crossbar.columns}}
    if random.random() < 0.2:
        yield {"crossbar": {"self_test": True}}
    if random.random() < 0.4:
        yield {"system": {"contexts": within(random, 1, 4)}}
    yield {
        "system": {
            "count_codes": bool(random.integers(2)), "parity": bool(random.integers(2)),
            "test_pin": bool(random.integers(2)), "small_memory_bits": int(random.choice([0, 256, 4096])),
        }
    }  # fmt: skip
    if not learning.enabled:
        return
    yield {"learning": {"lanes": within(random, 1, design.hidden_rows), "columns": within(random, 1, 4)}}
    if random.random() < 0.3:
        yield {"learning": {"compensation": True}}
    if learning.replay_capacity and random.random() < 0.5:
        yield {"learning": {"healing": True}}

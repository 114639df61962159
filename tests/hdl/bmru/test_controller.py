"""The controller with the core's model on Verilator: one of everything, odd sizes, many classes."""

from __future__ import annotations

import numpy as np

from remora.flow.systems.bmru.stimulus import stress_stimulus
from remora.golden.bmru.core import BmruCore
from remora.golden.bmru.random_codes import by_hand, random_codes, random_features
from remora.hdl.bmru.controller import BmruController
from tests.golden.bmru.cases import ALL_ERRORS, make_bmru
from tests.hdl.macro_models import BMRU_CORE, CROSSBAR_OPTIONS, MEMORY
from tests.support import simulate_cases

FORMATS = {"ratio_bits": 3, "ratio_fraction": 1, "bias_bits": 5, "bias_step_pa": 100, "feature_bits": 4,
           "feature_step_pa": 100, "node_bits": 12}  # fmt: skip
# A frame lasts so long that its charge fills the meter.
LONG_FRAMES = {"clock_hz": 10**8, "frame_ms": 1000}
QUICK = {"factor": 1, "shift": 1, "phase_cycles": 3}
DESIGNS = {
    "one": make_bmru(1, 1, 1, 1, vote={"frames": 1, "wake_class": 0}, settling={"phase_cycles": 1}),
    "odd": make_bmru(
        3, 2, 2, 3, vote={"frames": 1023}, formats=FORMATS, settling=QUICK, system=LONG_FRAMES, nonidealities=ALL_ERRORS
    ),
    "many": make_bmru(2, 3, 1, 16, vote={"frames": 5, "wake_class": 7}, formats=FORMATS, settling=QUICK),
}

BY_HAND = {
    "input__weight": [[2, 0, 1], [0, 2, -1]],
    "blocks__0__first__weight": [[2, 0], [0, 2]], "blocks__1__first__weight": [[2, -1], [0, 2]],
    "blocks__0__threshold": 3, "blocks__0__hysteresis": 2, "blocks__0__gain": [5, 4],
    "blocks__1__threshold": 6, "blocks__1__hysteresis": [3, 2], "blocks__1__gain": [8, 3],
    "blocks__0__second__weight": [[2, 0], [1, 2]], "blocks__1__second__weight": [[1, 2], [0, 2]],
    "output__weight": [[0, 0], [2, -1], [-1, 2]], "output__bias": [4, 0, 1],
}  # fmt: skip
"""Codes of ``odd`` with which every cell is set and reset, and every class wins."""
CLIPS = 40


def test_controller():
    packets, chains = {}, {}
    for name, design in DESIGNS.items():
        codes = by_hand(design, **BY_HAND) if name == "odd" else random_codes(design, 3)
        chains[name] = [int(bit) for bit in codes.chain()]
        # Packets are the same for any number of classes, and codes of one class need no search.
        of_one_class = design.evolve(network={"classes": 1}, vote={"wake_class": 0})
        stimulus = stress_stimulus(of_one_class, CLIPS, seed=5)
        packets[name] = [(packet.data.hex(), packet.keep) for packet in stimulus.packets]
    run = BmruCore(DESIGNS["odd"], by_hand(DESIGNS["odd"], **BY_HAND)).run(random_features(DESIGNS["odd"], 4, 12, 5))
    seen = np.bincount(run.decision.reshape(-1), minlength=3), run.state.mean(axis=(0, 1))
    assert seen[0].min() > 2 and 0.05 < seen[1].min() and seen[1].max() < 0.95, seen
    cases = {name: {"design": design} for name, design in DESIGNS.items()}
    options = {"extra_sources": [BMRU_CORE, MEMORY], **CROSSBAR_OPTIONS}
    module, config = "remora.tb.blocks.bmru.test_controller", {"packets": packets, "chains": chains}
    assert len(simulate_cases(BmruController, cases, module, config=config, **options).tests) == 6

"""Ten million values of whole accelerators on real devices against golden, over a pairwise cover of `FACTORS`."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from remora.flow.systems.crossbar.device_effects import BY_PULSES, SILENT, codes_changed_by
from remora.flow.systems.crossbar.devices import DEVICES
from remora.flow.systems.crossbar.run import CrossbarCase
from remora.flow.systems.crossbar.stimulus import Stimulus, learning_stimulus, stress_stimulus
from remora.flow.verify.records import ANSWER
from remora.flow.verify.run import run_case
from remora.golden.learning.learnt_state import FAULTS, LAYERS, READINGS
from remora.spec.crossbar.counters import Counter as Counted
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import all_tiles
from remora.spec.crossbar.records import LEARN, READOUT, STEP
from remora.spec.devices.model import ticks
from tests.hdl.designs import DESIGNS, TILED
from tests.top.crossbar.cover.pairwise import Row, legal_pairs, pairs, pairwise
from tests.top.crossbar.test_devices import DAY, EVERYTHING, GATES

VALUES, SEEDS = 10_000_000, 20
"""At least so many values are compared, of so many chips with stimuli of their own."""
SIZES = {
    "one row tile": DESIGNS["tiny"].evolve(crossbar={"rows": 16}),
    "several tiles": DESIGNS["primes"],
    "many tiles": TILED,
}
COVER = 19
"""Seed of the cover, of those tried one with fewest rows."""
CHIPS = 4
"""Of a row that learns nothing."""
FACTORS = {
    "size": tuple(SIZES),
    "devices": ("everything", "taox-hfox", "om-array"),
    "pair": ("canonical", "reference"),
    "update": ("none", "accumulate", "direct"),
    "replay": ("none", "after new ones", "healing"),
    "map": (False, True),
    "contexts": (1, 3),
    "stall": (0.0, 0.4),
}
RATES = {"enabled": True, "hidden_shift": 3, "readout_shift": 2, "accumulator_level": 256}
SEQUENCES = {"one row tile": 1200, "several tiles": 1000, "many tiles": 1700}
"""Of a run that learns; a third of them where each is followed by two replays, and twice as many where nothing is
learnt, which takes least time."""
LOOKED_AT = 48
"""Of these, at most as many as golden infers again for each non-ideality alone."""


def legal(row: Row) -> bool:
    """Whether these values go together: what does not learn has no reservoir and no fault map."""
    return row.get("update") != "none" or (row.get("replay", "none") == "none" and not row.get("map", False))


def design_of(row: Row, seed: int) -> DesignPoint:
    """The design point of a row, and a chip of it."""
    learning = {}
    if row["update"] != "none":
        learning = RATES | {"update": row["update"], "compensation": row["map"]}
        if row["replay"] != "none":
            learning |= {"replay_capacity": 5, "replay_ratio": 2, "healing": row["replay"] == "healing"}
    # Pulses as short as those of ideal devices: their length changes cycles alone.
    devices = EVERYTHING if row["devices"] == "everything" else {"model": row["devices"], "pulse_ns": 0.0}
    return SIZES[row["size"]].evolve(
        crossbar={"pair": row["pair"]}, learning=learning, system={"contexts": row["contexts"]},
        devices=devices | {"seed": seed},
    )  # fmt: skip


def stimulus_of(row: Row, design: DesignPoint, seed: int) -> Stimulus:
    """For a chip that is a day old at the start; one that heals is asked for some replays at the end."""
    sequences, learns = SEQUENCES[row["size"]], design.capabilities.learns
    made = (
        learning_stimulus(design, sequences // (3 if design.capabilities.replays else 1), GATES, seed)
        if learns
        else stress_stimulus(design, 2 * sequences, GATES, seed)
    )
    return replace(made, age=ticks(design.devices, DAY), heal=50 * design.capabilities.heals)


def run_row(harness, directory, row: Row, seed: int) -> tuple[int, dict[str, float]]:
    """Values compared of a chip, and the share of codes that each non-ideality changes by itself."""
    design = design_of(row, seed)
    stimulus, (_, build) = stimulus_of(row, design, seed), harness(design)
    result = run_case(build, CrossbarCase(design, stimulus), directory, seed=seed, stall=row["stall"])
    kinds = [STEP, READOUT, ANSWER, DEVICES, *(f"{layer} {READINGS}" for layer in LAYERS)]
    kinds += [LEARN, "counts"] if design.capabilities.learns else []
    result.require(*kinds, *(f"{layer} {FAULTS}" for layer in LAYERS if row["map"]))
    assert result.comparison.compared[DEVICES] == sum(tile.rows * tile.columns for tile in all_tiles(design))
    assert not design.capabilities.learns or result.counters[Counted.PULSES] > 100
    assert (result.counters.get(Counted.REPLAYED, 0) > 0) == (row["replay"] != "none")
    return result.comparison.values, codes_changed_by(design, replace(stimulus.part(0, LOOKED_AT), heal=0))


@pytest.mark.nightly
def test_ten_million_values_of_a_pairwise_cover(harness, tmp_path):
    """Each row of the cover with a chip, or with several where nothing is learnt; each run says which non-idealities
    changed codes."""
    rows, values, seed, changed = pairwise(FACTORS, legal, COVER), Counter(), 0, {}
    assert set().union(*map(pairs, rows)) >= legal_pairs(FACTORS, legal) and all(map(legal, rows))
    for row in rows:
        for _ in range(1 if row["update"] != "none" else CHIPS):
            seed += 1
            compared, shares = run_row(harness, tmp_path / str(seed), row, seed)
            values[row["update"]] += compared
            for name, share in shares.items():
                # Where nothing is learnt, what only pulses show has been allowed to change nothing.
                if row["update"] != "none" or name not in BY_PULSES:
                    changed[name] = min(share, changed.get(name, 1.0))
            print(f"seed {seed:2}: {compared:9,} values, {row}", flush=True)
    print(f"{values.total():,} values of {seed} chips in {len(rows)} rows: {dict(values)}")
    print("least share of codes changed:", ", ".join(f"{name} {share:.2%}" for name, share in sorted(changed.items())))
    assert values.total() >= VALUES and seed >= SEEDS and len(changed) > 15
    assert min(share for name, share in changed.items() if name not in SILENT) > 0

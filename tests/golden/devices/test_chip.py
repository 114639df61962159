"""Draws of chips and samples follow their exact discrete laws, not a normal one that they resemble."""

from __future__ import annotations

from collections import Counter
from functools import cache

import numpy as np
import pytest

from remora.golden.devices.chip import FOR_EVER, Chip
from remora.golden.devices.curves import at, device_draw, interpolate, normals
from remora.golden.devices.reading import Key, sample_normals
from remora.spec.crossbar.layout import Layer
from remora.spec.devices.tables import normal_table
from remora.spec.lib.rng import Purpose
from tests.golden.designs import DESIGNS

FALSE_ALARM = 1e-6
"""Of one comparison; the draws are the same at every run, so it happens always or never."""


@cache
def law_of_normals(amplitude: int) -> dict[int, float]:
    """Value → probability of rule R5, by counting all 2^32 words."""
    sums = np.ones(1)
    for _ in range(4):
        sums = np.convolve(sums, np.ones(256)) / 256
    law: Counter = Counter()
    for total, share in enumerate(sums.tolist()):
        law[((total - 510) * amplitude * 443 + 2**15) // 2**16] += share
    return dict(law)


def distance(values: np.ndarray, law: dict[int, float], everywhere: bool = True) -> float:
    """Largest difference of the distribution of values and a discrete law, over what `FALSE_ALARM` allows: above 1 the
    values do not follow it (inequality of Dvoretzky, Kiefer and Wolfowitz). ``everywhere``: every value must be one
    that the law has."""
    support = np.array(sorted(law))
    assert not everywhere or np.isin(values, support).all(), "a value that cannot be"
    expected = np.cumsum([law[value] for value in support.tolist()])
    found = np.searchsorted(np.sort(values.reshape(-1)), support, side="right") / values.size
    return float(np.abs(found - expected).max() / np.sqrt(np.log(2 / FALSE_ALARM) / (2 * values.size)))


def mnist_chip(**devices) -> Chip:
    return Chip.of(DESIGNS["mnist"].evolve(devices={"on_off": 100, **devices}))


@pytest.mark.parametrize("field", ["rest_spread", "full_spread"])
def test_bounds(field):
    """Rule D19; 25,800 devices."""
    model = mnist_chip().model
    made = mnist_chip(**{field: 0.004}).layers[0]
    middle, found = (model.rest, made.low) if field == "rest_spread" else (model.full, made.high)
    amplitude = round(0.004 * (model.full - model.rest))

    def law(amplitude: int) -> dict[int, float]:
        clipped: Counter = Counter()
        for value, share in law_of_normals(amplitude).items():
            clipped[max(0, middle + value)] += share
        return clipped

    assert found.size == 25_800 and distance(found, law(amplitude)) < 1
    assert distance(found, law(round(1.1 * amplitude)), everywhere=False) > 1, "10 % too wide a spread is seen"


def test_gains_and_aging():
    """Rule D19: the gain of a step, its asymmetry, and the deviation of drift."""
    chip = mnist_chip(step_spread=0.1)
    law = {4096 + value: share for value, share in law_of_normals(410).items()}
    assert distance(chip.layers[0].up, law) < 1
    np.testing.assert_array_equal(chip.layers[0].up, chip.layers[0].down)
    assert distance(chip.layers[0].aging, law_of_normals(256)) < 1
    skewed = mnist_chip(direction_spread=0.05).layers[0]
    assert distance(skewed.up, {4096 + value: share for value, share in law_of_normals(205).items()}) < 1
    np.testing.assert_array_equal(skewed.up + skewed.down, np.full(skewed.up.shape, 8192))


def test_lognormal_gains():
    """Rule D19: the mean stays one."""
    up = mnist_chip(step_spread=0.78, step_law="lognormal").layers[0].up / 4096
    sigma, sums = 0.78, np.ones(1)
    for _ in range(4):
        sums = np.convolve(sums, np.ones(256)) / 256
    z = (np.arange(1021) - 510) / 147.8
    law: Counter = Counter()
    for value, share in zip(np.rint(4096 * np.exp(sigma * z - sigma**2 / 2)).astype(int), sums, strict=True):
        law[int(value)] += float(share)
    assert distance(np.rint(up * 4096).astype(int), law) < 1
    assert abs(float(up.mean()) - 1) < 0.02


@pytest.mark.parametrize("share", [0.25, 0.5])
def test_anchored_steps(share):
    """Rule D19: a step that falls to nothing at a bound keeps its size at the anchor, which no bound crosses."""
    chip = mnist_chip(
        on_off=2, raise_steps=(4.0, 0.0), lower_steps=(0.0, 4.0), rest_spread=0.2, full_spread=0.2, step_anchor=share
    )
    model, made = chip.model, chip.layers[0]
    anchor = model.rest + round(share * (model.full - model.rest))
    assert (made.low <= anchor).all() and (made.high >= anchor).all() and made.low.std() > 0.1 * (anchor - model.rest)
    # A device whose bound lies next to the anchor has a steep curve there, which 4,096 positions tell coarsely.
    far = (anchor - made.low > 2 * model.level) & (made.high - anchor > 2 * model.level)
    x = at(anchor, made.low, made.high)
    for table, gain, levels in (
        (model.raise_steps, made.up, 4 * (1 - share)), (model.lower_steps, made.down, 4 * share),
    ):  # fmt: skip
        step = interpolate(table, x) * gain / 4096 / model.level
        assert far.sum() > 20_000 and np.abs(step[far] / levels - 1).max() < 0.02
        nominal = interpolate(table, x) / model.level
        assert np.abs(nominal[far] / levels - 1).max() > 0.2, "the gains do nothing"


def test_shares_of_stuck_devices():
    """Rule D19."""
    chip = mnist_chip(stuck_rest=0.05, stuck_full=0.03, corrupt=0.1)
    made, model, count = chip.layers[0], chip.model, chip.layers[0].low.size
    stuck = made.endurance == 0
    np.testing.assert_array_equal(stuck, made.low == made.high)
    for share, found in (
        (0.05, stuck & (made.low == model.rest)), (0.03, stuck & (made.low == model.full)), (0.18, stuck),
    ):  # fmt: skip
        assert abs(found.mean() - share) < 5 * np.sqrt(share / count) + 1e-4
    anywhere = made.low[stuck & (made.low != model.rest) & (made.low != model.full)]
    uniform = (np.sort(anywhere) - model.rest) / (model.full - model.rest)
    gap = np.abs(uniform - (np.arange(uniform.size) + 0.5) / uniform.size).max()
    assert gap < np.sqrt(np.log(2 / FALSE_ALARM) / (2 * uniform.size))
    assert (made.endurance[~stuck] == FOR_EVER).all()


def test_endurance():
    """Rule D19: lognormal in decades."""
    decades = np.log10(mnist_chip(endurance=1e6, endurance_spread=0.3).layers[0].endurance)
    assert abs(decades.mean() - 6) < 0.01 and abs(decades.std() - 0.3) < 0.005


@pytest.mark.parametrize("purpose", [Purpose.PULSE, Purpose.WRITE, Purpose.SLOW])
def test_noise_of_operations(purpose):
    """Rules D6, D7 and D11: each purpose's words, by the number of the device and of the operation."""
    index = Chip.of(DESIGNS["mnist"]).layers[0].index
    words = np.stack([device_draw(7, purpose, sequence, index)[0] for sequence in range(4)])
    assert distance(normals(words, 500), law_of_normals(500)) < 1
    assert len(np.unique(words)) > words.size * 0.999, "no two devices or operations draw the same"


def test_noise_of_samples():
    """Rules D16 and D17: entries of a table of 256 equally likely ones, independent from column to column."""
    key = Key(np.arange(500)[:, None], np.arange(28))
    z = sample_normals(mnist_chip(read_noise=0.01).model, Layer.HIDDEN, 0, 0, 100, key, (500, 28))
    law: Counter = Counter()
    for entry in normal_table():
        law[entry] += 1 / 256
    assert distance(z, law) < 1
    assert abs(z.astype(float).std() - 64) < 0.2
    across = np.corrcoef(z.reshape(-1, 100).T.astype(float))
    assert np.abs(across - np.eye(100)).max() < 6 / np.sqrt(14_000)


def test_the_chip_of_a_seed_is_one_and_cannot_be_written():
    design = DESIGNS["tiny"].evolve(devices={"step_spread": 0.1})
    chip, other = Chip.of(design), Chip.of(design.evolve(devices={"seed": 2}))
    assert Chip.of(design) is chip and (other.layers[0].up != chip.layers[0].up).any()
    with pytest.raises(ValueError, match="read-only"):
        chip.layers[0].numbers[...] = 0


def test_tiles_do_not_matter_to_devices():
    """Rule D2."""
    whole = DESIGNS["tiny"].evolve(devices={"step_spread": 0.1, "stuck_rest": 0.1})
    parts = whole.evolve(crossbar={"rows": 3, "columns": 2})
    for mine, theirs in zip(Chip.of(whole).layers, Chip.of(parts).layers, strict=True):
        np.testing.assert_array_equal(mine.numbers, theirs.numbers)

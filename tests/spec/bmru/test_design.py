"""The design point of the BMRU accelerator: what it derives and what it refuses."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from remora.spec.bmru.design import BmruDesign
from remora.spec.bmru.records import FRAME
from remora.spec.lib.trace import header, record_types
from remora.spec.presets import load_design

KWS = load_design("kws", BmruDesign)


def test_defaults_are_those_of_the_documents():
    assert (KWS.network.parameters, KWS.network.cells, KWS.network.nodes) == (170, 8, 22)
    formats = KWS.formats
    assert (formats.ratio_limit, formats.bias_limit, formats.feature_limit, formats.weight_shift) == (
        255,
        1023,
        511,
        15,
    )
    assert (KWS.cycles.frame, KWS.cycles.settle, KWS.cycles.hold) == (328, 36, 292)
    assert (KWS.system.awake_cycles, KWS.cycles.awake) == (64, 39)
    assert (KWS.network.class_bits, KWS.vote.wake_votes) == (1, 51)


def test_the_largest_sums_are_exact_in_float64():
    formats = {"ratio_bits": 10, "node_bits": 22, "bias_bits": 12, "bias_step_pa": 1000, "ratio_fraction": 10}
    assert 1 << 50 < BmruDesign(name="x", network={"width": 512}, formats=formats).sum_bound < 1 << 53


def test_a_cell_may_put_out_more_than_a_node_reaches():
    formats = {"bias_bits": 12, "bias_step_pa": 1000, "node_bits": 10, "feature_bits": 6}
    design = BmruDesign(name="x", network={"width": 64}, formats=formats)
    gain, device = 4095 * 1000, 255 << 10
    assert gain > design.formats.node_limit and design.sum_bound > 64 * gain * device
    assert KWS.sum_bound == 13 * KWS.formats.node_limit * (255 << 11) + (2 * 10_230 << 15)


def test_power_is_charge_over_time_times_supply():
    """Rule A20."""
    assert KWS.power_nw(40_000 * 328 * 7, 7) == pytest.approx(72.0)
    with pytest.raises(ValueError, match="at least 1 frame"):
        KWS.power_nw(5, 0)


def test_a_nonideality_that_is_off_has_no_amplitude():
    off = KWS.nonidealities
    assert (off.mismatch_rms, off.bias_error_rms, off.noise_rms_pa) == (0, 0, 0)
    noisy = KWS.evolve(nonidealities={"mismatch": True, "mismatch_amplitude": 7, "noise": True, "noise_pa": 33})
    on = noisy.nonidealities
    assert (on.mismatch_rms, on.bias_error_rms, on.noise_rms_pa) == (7, 0, 33) and noisy.hash != KWS.hash
    with pytest.raises(ValueError, match="noise_pa"):
        KWS.evolve(nonidealities={"noise_pa": 0})


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"settling": {"factor": 5}}, "settling.factor is 5 .* use 1…4"),
        ({"settling": {"phase_cycles": 22}}, "settles for 66 cycles .* 3 more, but system.awake_cycles is 64"),
        ({"system": {"frame_ms": 1}}, "system.awake_cycles is 64, but a frame .* has 33 cycles"),
        ({"vote": {"wake_class": 2}}, "vote.wake_class is 2 but network.classes is 2: use 0…1"),
        ({"vote": {"wake_class": 2}, "network": {"classes": 1}}, "network.classes is 1: use 0…1"),
        ({"formats": {"feature_bits": 16}}, "reach 327670 pA, beyond the 262143 pA"),
        ({"core": "crossbar"}, "core"),
    ],
)
def test_contradictions_are_refused(sections, message):
    with pytest.raises(ValidationError, match=message):
        BmruDesign(name="x", **sections)


def test_every_field_but_the_name_enters_the_hash():
    content = KWS.model_dump(mode="json")
    hashes, changed = {KWS.hash}, 0
    for section, fields in content.items():
        for name, value in fields.items() if isinstance(fields, dict) else ():
            if isinstance(value, str):
                continue  # one legal value
            other = json.loads(json.dumps(content))
            other[section][name] = not value if isinstance(value, bool) else value + (1 if name == "shift" else -1)
            hashes.add(BmruDesign.model_validate(other).hash)
            changed += 1
    assert len(hashes) == changed + 1 > 25
    assert BmruDesign.model_validate(content | {"name": "other"}).hash == KWS.hash


@pytest.mark.parametrize("width", [1, 3, 4, 512])
def test_frame_records_are_whole_words_without_holes(width):
    design = BmruDesign(name="x", network={"width": width})
    dtype = record_types(design)[FRAME]
    assert dtype.itemsize % 4 == 0 and dtype.itemsize == sum(dtype[name].itemsize for name in dtype.names)
    assert dtype["state"].shape == dtype["candidate"].shape == (2, width) and dtype["feature"].shape == (13,)
    json.dumps(header(design))

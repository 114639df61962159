"""The design point: what it derives, what it refuses, and that it survives being written."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from pydantic import ValidationError

import remora
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.layout import Layer, layer_layout
from tests.golden.designs import design_points

LAYERS = ("spec", "golden", "hdl", "flow", "tb")
DEFAULT = DesignPoint(name="default")


def test_defaults_are_those_of_the_documents():
    d = DEFAULT
    assert (d.hidden_rows, d.readout_rows, d.hidden_tiles, d.readout_tiles, d.folds) == (129, 101, 1, 1, 5)
    assert (d.formats.stream_limit, d.formats.word_shift, d.formats.readout_word_shift, d.formats.feature_shift) == (
        255,
        15,
        7,
        0,
    )
    assert (d.adc_shift, d.formats.adc_limit, d.formats.adc_fraction_bits) == (7, 127, 5)
    assert (d.formats.state_limit, d.crossbar.weight_limit, d.macs_per_step, d.macs_per_readout) == (
        32767,
        31,
        12900,
        1010,
    )


@settings(max_examples=200)
@given(design_points())
def test_derived_quantities_are_consistent(design):
    assert (
        design.adc_shift >= 0
        and design.formats.word_shift >= 0
        and design.formats.readout_word_shift >= 0
        and design.formats.feature_shift >= 0
    )
    assert design.folds * design.cell.lanes >= design.network.hidden > (design.folds - 1) * design.cell.lanes
    assert design.hidden_tiles == len(layer_layout(design, Layer.HIDDEN).tiles)
    assert design.readout_tiles == len(layer_layout(design, Layer.READOUT).tiles)
    # One level on the bias line alone is worth 2^-level_bits of the argument, up to the streamed word's 255/256.
    unit = design.formats.stream_limit / 2**design.adc_shift / 2**design.formats.adc_fraction_bits
    assert unit == pytest.approx(
        2.0**-design.crossbar.level_bits * design.formats.stream_limit / (design.formats.stream_limit + 1)
    )


@settings(max_examples=100)
@given(design_points())
def test_json_round_trip(design):
    found = DesignPoint.model_validate_json(design.model_dump_json())
    assert found == design and found.hash == design.hash
    assert DesignPoint.model_validate(json.loads(json.dumps(design.model_dump(mode="json")))) == design


def leaves(content: dict, path=()):
    for key, value in content.items():
        yield from leaves(value, (*path, key)) if isinstance(value, dict) else [(*path, key)]


def test_every_field_but_the_name_enters_the_hash():
    replaying = DesignPoint(
        name="default",
        learning={"replay_capacity": 2, "replay_ratio": 2, "columns": 2},
        crossbar={"verify_pulses": 2, "verify_reads": 2, "spare_columns": 2},
    )
    content = replaying.model_dump(mode="json")
    hashes, changed = {replaying.hash}, 0
    for *sections, name in leaves(content):
        if name in (
            "kind",
            "contexts",
            "enabled",
            "integrators",
            "sense_cycles",
            "macro_rows",
            "macro_columns",
            "bias",
        ):
            continue  # one less is not legal, and two that exclude replay and the verification
        if sections == ["devices"]:
            continue  # they stand outside the hardware
        other = json.loads(json.dumps(content))
        target = other
        for section in sections:
            target = target[section]
        value = target[name]
        other_words = {
            "update": "direct",
            "winners": 3,
            "lanes": 3,
            "readout": "every",
            "pair": "reference",
            "name": "other",
        }
        target[name] = (
            other_words[name] if isinstance(value, str) else (not value if isinstance(value, bool) else value - 1)
        )
        if sections == ["learning"] and name in ("verify_reads", "verify_give_up"):
            target[name] = value + 2
        design = DesignPoint.model_validate(other)
        assert (design.hash == replaying.hash) == (name == "name"), name
        hashes.add(design.hash)
        changed += 1
    assert len(hashes) == changed >= 26


def test_bistable_cells_have_one_context():
    with pytest.raises(ValueError, match='system.contexts is 2, but with cell.kind = "bmru" a cell holds one state'):
        DesignPoint(name="x", cell={"kind": "bmru"}, system={"contexts": 2})


@pytest.mark.parametrize(
    ("field", "default", "other"),
    [("integrators", 1, 2), ("sense_cycles", 1, 2), ("macro_rows", 0, 160), ("macro_columns", 0, 128)],
)
def test_the_hash_knows_what_the_tile_asks_for(field, default, other):
    assert DesignPoint(name="default", crossbar={field: default}).hash == DEFAULT.hash
    assert DesignPoint(name="default", crossbar={field: other}).hash != DEFAULT.hash


def test_the_hash_knows_whether_the_hardware_learns():
    assert DesignPoint(name="default", learning={"enabled": True}).hash != DEFAULT.hash


def test_the_hash_follows_a_copy():
    assert DEFAULT.hash
    assert DEFAULT.evolve(learning={"seed": 9}).hash != DEFAULT.hash


def test_winners_are_all_unless_said():
    assert DEFAULT.winners == 100
    assert (
        DesignPoint(name="k", learning={"winners": 100}).winners == 100
        and DesignPoint(name="k", learning={"winners": 1}).winners == 1
    )


def test_equal_designs_are_one_key():
    assert hash(DesignPoint(name="default")) == hash(DEFAULT) and {DEFAULT: 1}[DesignPoint(name="default")] == 1


def test_a_design_cannot_be_changed():
    with pytest.raises(ValidationError, match="frozen"):
        DEFAULT.network.hidden = 5


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"network": {"hidden": 0}}, "greater than or equal to 1"),
        ({"network": {"hiden": 5}}, "Extra inputs are not permitted"),
        ({"network": {"hidden": 7}}, "cell.lanes is 20 but network.hidden is 7; .* use 1…7"),
        ({"formats": {"stream_bits": 9}}, "less than or equal to 8"),
        ({"cell": {"update_coefficient": 257}}, "less than or equal to 256"),
        ({"cell": {"kind": "gru"}}, "'miru'"),
        (
            {"learning": {"accumulator_bits": 8, "accumulator_level": 128}},
            "accumulator_level is 128, .* use less than 128",
        ),
        ({"learning": {"update": "gather"}}, "'accumulate' or 'direct'"),
        (
            {"learning": {"update": "direct", "accumulator_level": 1000}},
            "is 1000, which is no power of two, .* use 2, 4, 8",
        ),
        ({"learning": {"winners": 101}}, 'winners is 101 but network.hidden is 100: use 1…100, or "all"'),
        ({"learning": {"winners": 0}}, 'should be "all" or a whole number in 1…1024'),
        ({"learning": {"winners": "most"}}, 'should be "all" or a whole number'),
        ({"learning": {"winners": True}}, 'should be "all" or a whole number'),
        (
            {"learning": {"replay_ratio": 3}},
            "replay_ratio is 3 but learning.replay_capacity is 0, .* a capacity of 1 or more",
        ),
        (
            {"crossbar": {"bias": "digital"}, "cell": {"kind": "bmru"}},
            'bias is "digital", but with cell.kind = "bmru" no converter',
        ),
        (
            {"crossbar": {"bias": "digital", "verify_pulses": 3}},
            "verify_pulses is 3, but with .* reads biases in whole",
        ),
        (
            {"crossbar": {"calibrate_offsets": True}, "cell": {"kind": "bmru"}},
            'calibrate_offsets is true, but with cell.kind = "bmru" no converter',
        ),
        (
            {"crossbar": {"self_test": True}, "cell": {"kind": "bmru"}},
            'self_test is true, but with cell.kind = "bmru" no converter',
        ),
        (
            {"crossbar": {"gain": True}, "cell": {"kind": "bmru"}},
            'gain is true, but with cell.kind = "bmru" the hidden layer has no codes',
        ),
        ({"learning": {"healing": True}}, "healing is true but learning.replay_capacity is 0, .* or leave healing out"),
        ({"learning": {"replay_capacity": -1}}, "greater than or equal to 0"),
        ({"learning": {"replay_capacity": 5, "replay_ratio": 0}}, "greater than or equal to 1"),
        ({"formats": {"adc_bits": 10, "adc_range_log2": 0, "stream_bits": 2}}, "finer than one level"),
        ({"formats": {"adc_bits": 5}}, "crossbar.levels is 32 .* use at most 16 levels"),
        ({"network": {"hidden": 1000}, "crossbar": {"rows": 8, "columns": 8}}, "the hidden layer needs .* tiles"),
        (
            {"crossbar": {"macro_rows": 128}},
            "macro_rows is 128, but the largest tile uses 129 wordlines, .* use 129…1024, 0 .* or fewer crossbar.rows",
        ),
        (
            {"crossbar": {"macro_columns": 99}},
            "macro_columns is 99, but the largest tile uses 100 bitlines, .* use 100…1024, 0 for .* or fewer",
        ),
        (
            {"crossbar": {"macro_columns": 100, "spare_columns": 1}},
            "macro_columns is 100, but the largest tile uses 101 bitlines",
        ),
        (
            {"crossbar": {"spare_columns": 2}, "cell": {"kind": "bmru"}},
            'spare_columns is 2, but with cell.kind = "bmru" cells stand at the bitlines',
        ),
        ({"crossbar": {"spare_columns": 5}}, "less than or equal to 4"),
        (
            {"crossbar": {"spare_columns": 3, "columns": 1024}, "network": {"hidden": 1022}},
            "spare_columns is 3, so that the largest tile has 1025 bitlines: use crossbar.columns of at most 1021",
        ),
        ({"crossbar": {"macro_rows": 1025}}, "less than or equal to 1024"),
        ({"system": {"clock_mhz": float("nan")}}, "clock_mhz"),
        ({"name": "no spaces"}, "name"),
    ],
)
def test_contradictions_are_refused(sections, message):
    with pytest.raises(ValidationError, match=message):
        DesignPoint(**{"name": "bad"} | sections)


def bistable(**sections) -> DesignPoint:
    return DesignPoint(name="cells", **{"cell": {"kind": "bmru"}} | sections)


def test_bistable_cells_have_no_states_on_their_wordlines():
    d = bistable()
    assert (d.hidden_rows, d.readout_rows, d.wordlines, d.macs_per_step) == (29, 101, 129, 2900)
    assert (d.cycles.step, d.cycles.readout, d.readout_planes, d.readout_adc_shift) == (9, 24, 1, 0)
    assert (d.sum_limit, d.threshold_limit, d.threshold_bits) == (229245, 229246, 19)
    assert (DEFAULT.wordlines, DEFAULT.readout_planes, DEFAULT.readout_adc_shift) == (129, 8, 7)


@pytest.mark.parametrize(("hidden", "shift"), [(1, 0), (100, 0), (256, 1), (1024, 2)])
def test_the_readout_of_bits_fits_its_converter(hidden, shift):
    d = bistable(network={"hidden": hidden})
    walk = d.crossbar.weight_limit * (int(hidden**0.5) + 1) // 4
    assert d.readout_adc_shift == shift and d.formats.adc_limit << shift >= walk
    assert shift == 0 or d.formats.adc_limit << (shift - 1) < walk


def test_what_a_bistable_cell_does_not_have_is_neither_checked_nor_hashed():
    assert bistable(network={"hidden": 3}).network.hidden == 3
    lanes = bistable(cell={"kind": "bmru", "lanes": 3, "reset_coefficient": 1})
    assert lanes.hash == bistable().hash != DEFAULT.hash


def test_learning_on_chip_with_bistable_cells_is_refused():
    with pytest.raises(ValidationError, match="no converter stands in a step.*train offline, or use cell.kind"):
        bistable(learning={"enabled": True})


OWNED = {
    **dict.fromkeys(("bistable", "selects", "accumulates", "replays"), "capabilities"),
    **dict.fromkeys(("stream_limit", "state_limit", "adc_limit", "adc_fraction_bits"), "formats"),
    **dict.fromkeys(("feature_shift", "word_shift", "readout_word_shift"), "formats"),
    **dict.fromkeys(("step_cycles", "readout_cycles"), "cycles"),
    "weight_limit": "crossbar",
}
"""What a part of the design point answers → which part."""


def test_what_a_part_owns_is_asked_of_that_part():
    root, wrong, right = Path(remora.__file__).parents[1], [], 0
    for path in [each for layer in (*LAYERS, "tests") for each in (root / layer).rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and (part := OWNED.get(node.attr)):
                asked = getattr(node.value, "attr", getattr(node.value, "id", ""))
                right += asked == part
                if asked.lower().endswith("design"):
                    wrong.append(f"{path.relative_to(root)}:{node.lineno}: ask {part}.{node.attr} of the design point")
    assert not wrong and right > 200, "\n".join(wrong)

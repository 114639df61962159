"""Traces survive the disk, and a damaged or foreign one is named as such."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings

from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.records import EVENT, READOUT, STEP, Event
from remora.spec.lib.errors import RemoraError
from remora.spec.lib.trace import TraceError, header, read_trace, record_types
from remora.spec.presets import load_design
from tests.golden.designs import design_points
from tests.spec.lib.traces import write_trace

TINY = load_design("tiny", DesignPoint)


def random_records(design, count: int = 3) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(1)
    return {
        kind: np.frombuffer(generator.bytes(dtype.itemsize * count), dtype)
        for kind, dtype in record_types(design).items()
    }


def test_round_trip(tmp_path):
    records = random_records(TINY)
    write_trace(tmp_path / "deep" / "trace", TINY, records)
    found = read_trace(tmp_path / "deep" / "trace", TINY)
    assert found.keys() == {STEP, READOUT, EVENT}
    for kind, array in records.items():
        assert len(found[kind]) == 3
        np.testing.assert_array_equal(found[kind], array)


def test_missing_kinds_are_empty_files(tmp_path):
    write_trace(tmp_path, TINY, {STEP: random_records(TINY)[STEP]})
    found = read_trace(tmp_path, TINY)
    assert [len(found[kind]) for kind in (STEP, READOUT, EVENT)] == [3, 0, 0]
    assert (tmp_path / "event.bin").stat().st_size == 0


@settings(max_examples=100)
@given(design_points())
def test_records_are_whole_words_without_holes(design):
    for dtype in record_types(design).values():
        assert dtype.itemsize % 4 == 0
        assert dtype.itemsize == sum(dtype[name].itemsize for name in dtype.names)
    json.dumps(header(design))


def test_the_header_describes_the_records():
    described = header(TINY)
    assert (described["format"], described["design_hash"]) == ("remora-trace", TINY.hash)
    for kind, dtype in record_types(TINY).items():
        rebuilt = np.dtype(
            [(field["name"], field["dtype"], tuple(field["shape"])) for field in described["kinds"][kind]]
        )
        assert rebuilt == dtype


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / "step.bin").unlink(), "step.bin is missing"),
        (lambda folder: (folder / "step.bin").write_bytes(b"123"), "step.bin is truncated: 3 bytes"),
        (lambda folder: (folder / "header.json").unlink(), "header.json: "),
        (lambda folder: (folder / "header.json").write_text("{"), "header.json: "),
        (lambda folder: (folder / "header.json").write_text("{}"), "format is None, expected 'remora-trace'"),
    ],
)
def test_damage_is_named(tmp_path, damage, message):
    write_trace(tmp_path, TINY, random_records(TINY))
    damage(tmp_path)
    with pytest.raises(TraceError, match=message) as caught:
        read_trace(tmp_path, TINY)
    assert isinstance(caught.value, RemoraError)


def test_a_trace_of_another_design_point_is_refused(tmp_path):
    write_trace(tmp_path, TINY, {})
    other = TINY.evolve(learning={"seed": 2})
    with pytest.raises(TraceError, match=f"design_hash is '{TINY.hash}', expected '{other.hash}'"):
        read_trace(tmp_path, other)


def test_event_values_are_part_of_the_contract():
    assert (Event.RESET, Event.DROP) == (1, 2)

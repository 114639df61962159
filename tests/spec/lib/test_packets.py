"""Packets bit by bit as documented."""

from __future__ import annotations

import struct
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remora.spec.lib.packets import Answer, Drop, Flag, decode_answer, decode_parts, encode_packet


@given(
    st.integers(0, 255),
    st.none() | st.integers(0, 65535),
    st.integers(0, 7).map(Flag),
    st.integers(1, 5),
    st.integers(1, 7),
    st.booleans(),
)
def test_a_packet_is_its_header_and_its_bytes(tag, label, flags, steps, features, signed):
    values = np.random.default_rng(tag).integers(-128 if signed else 0, 128 if signed else 256, (steps, features))
    data = encode_packet(values.astype(np.int8 if signed else np.uint8), tag=tag, label=label, flags=flags)
    assert len(data) == 4 + steps * features
    found_label, found_flags, found_tag = struct.unpack("<HBB", data[:4])
    assert (found_label, found_tag) == (label or 0, tag)
    assert found_flags == flags | (0 if label is None else 4)
    read = np.frombuffer(data, np.int8 if signed else np.uint8, offset=4)
    np.testing.assert_array_equal(read.reshape(steps, features), values)


def test_a_packet_by_hand():
    data = encode_packet(np.array([[1, 2], [3, 255]], np.uint8), tag=0xAB, label=0x0102, flags=Flag.LEARN | Flag.INFER)
    assert data.hex() == "020107ab010203ff"


@pytest.mark.parametrize(("field", "value"), [("tag", 256), ("tag", -1), ("label", 65536), ("label", -1)])
def test_fields_that_do_not_fit_are_refused(field, value):
    with pytest.raises(ValueError, match=f"{field} is {value}"):
        encode_packet(np.zeros((1, 1), np.uint8), **{field: value})


@given(
    st.integers(0, 255),
    st.integers(0, 65535),
    st.integers(0, 7),
    st.lists(st.integers(-(2**31), 2**31 - 1), min_size=1, max_size=9),
)
def test_an_answer_round_trips(tag, decision, flags, scores):
    data = struct.pack("<HBB", decision, flags, tag) + b"".join(struct.pack("<i", score) for score in scores)
    assert decode_answer(data) == Answer(tag, decision, Flag(flags), tuple(scores))


@pytest.mark.parametrize("size", [0, 1, 4, 7, 9])
def test_answers_of_impossible_sizes_are_refused(size):
    with pytest.raises(ValueError, match=f"an answer of {size} bytes"):
        decode_answer(bytes(size))


@given(st.integers(1, 5), st.integers(1, 6), st.integers(0, 255), st.randoms(use_true_random=False))
def test_an_answer_with_a_part_a_step_round_trips(steps, classes, tag, random):
    parts = [
        Answer(tag, random.randrange(classes), Flag.INFER, tuple(random.randint(-99, 99) for _ in range(classes)))
        for _ in range(steps)
    ]
    data = b"".join(struct.pack(f"<HBB{classes}i", part.decision, 2, tag, *part.scores) for part in parts)
    found = decode_parts(data, classes)
    assert [replace(part, last=True) for part in found] == parts
    assert [part.last for part in found] == [False] * (steps - 1) + [True]
    for wrong in (data[:-4], data + bytes(4), b""):
        if classes > 1 or len(wrong) % 8:
            with pytest.raises(ValueError, match=f"an answer of {len(wrong)} bytes: expected one or more parts"):
                decode_parts(wrong, classes)


def test_values_are_part_of_the_contract():
    assert (Flag.LEARN, Flag.INFER, Flag.LABEL_VALID) == (1, 2, 4)
    assert [Drop.FRAMING, Drop.HEADER, Drop.LABEL, Drop.TRUNCATED, Drop.TOO_LONG] == [0, 1, 2, 3, 4]

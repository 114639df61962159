"""Packets of frames: what goes where, and what does not fit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remora.spec.bmru.frames import FrameDrop, FrameFlag, ReportFlag, encode_frame


@given(
    st.lists(st.integers(-32768, 32767), min_size=1, max_size=20),
    st.sampled_from(list(FrameFlag) + [FrameFlag(0), FrameFlag.START | FrameFlag.END]),
    st.integers(0, 255),
)
def test_every_field_lies_at_its_place(features, flags, tag):
    data = encode_frame(features, flags, tag)
    assert data[:4] == bytes([0, 0, int(flags), tag])
    assert np.frombuffer(data[4:], "<i2").tolist() == features


@pytest.mark.parametrize(
    ("features", "tag", "message"),
    [([0, 32768], 0, "from 0 to 32768"), ([-32769], 0, "16 bits hold -32768…32767"), ([1], 256, "tag is 256")],
)
def test_what_does_not_fit_is_refused(features, tag, message):
    with pytest.raises(ValueError, match=message):
        encode_frame(features, tag=tag)


def test_numbers_of_flags_and_causes_are_those_of_the_documents():
    assert [int(flag) for flag in FrameFlag] == [1, 2] and [int(flag) for flag in ReportFlag] == [1, 2, 4]
    assert [drop.name for drop in FrameDrop] == ["FRAMING", "SHORT", "LONG", "UNPROGRAMMED", "OUTSIDE"]

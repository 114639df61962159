"""Words, candidates and the state blend, exhaustively against Python integers."""

from __future__ import annotations

import numpy as np
import pytest

from remora.golden.crossbar.cell import StateBlend, WordStreamer, feature_words, signed_candidates
from tests.golden.designs import DESIGNS, make_design
from tests.golden.scalar_miru import feature_word
from tests.golden.scalar_numbers import rs, word

MNIST = DESIGNS["mnist"]


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("bits", range(2, 9))
def test_every_feature_byte(bits, signed):
    design = make_design(network={"feature_signed": signed}, formats={"stream_bits": bits}, crossbar={"level_bits": 4})
    values = np.arange(256, dtype=np.uint8).view(np.int8 if signed else np.uint8)
    assert feature_words(design).tolist() == [feature_word(design, int(value)) for value in values]


def test_feature_words_by_hand():
    assert feature_words(MNIST).tolist() == list(range(256))
    signed = make_design(network={"feature_signed": True})
    assert [feature_words(signed)[byte] for byte in (0, 1, 127, 128, 129, 255)] == [0, 2, 254, -254, -254, -2]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("reset", [0, 1, 127, 128, 255, 256])
def test_every_state_streams_as_the_integers_do(reset, dtype):
    states = np.arange(-MNIST.formats.state_limit, MNIST.formats.state_limit + 1)
    streamer = WordStreamer(MNIST, reset, MNIST.formats.word_shift)
    out, work = np.empty((2, len(states)), dtype)
    streamer.stream(states.astype(dtype), out, work)
    assert out.tolist() == [word(int(h) * reset, 15, 255) for h in states]
    assert streamer.saturations(states.astype(dtype)) == sum(rs(abs(int(h)) * reset, 15) > 255 for h in states)


@pytest.mark.parametrize("bits", [2, 5, 8])
def test_every_state_streams_to_the_readout_as_the_integers_do(bits):
    design = make_design(formats={"stream_bits": bits, "state_bits": 13})
    states = np.arange(-design.formats.state_limit, design.formats.state_limit + 1)
    streamer = WordStreamer(design, 1, design.formats.readout_word_shift)
    out, work = np.empty((2, len(states)), np.float32)
    streamer.stream(states.astype(np.float32), out, work)
    assert out.tolist() == [word(int(h), 13 - bits, 2**bits - 1) for h in states]
    assert streamer.saturations(states.astype(np.float32)) > 0


@pytest.mark.parametrize("update", [0, 1, 8, 127, 128, 255, 256])
def test_every_candidate_blends_into_states_as_the_integers_do(update):
    """Every code against states over the whole range, the extremes among them."""
    top = MNIST.formats.state_limit
    candidates = signed_candidates(MNIST)
    states, codes = (
        a.ravel()
        for a in np.meshgrid(
            np.r_[-top, 1 - top, -1, 0, 1, top - 1, top, np.arange(-top, top, 397)], np.arange(-127, 128)
        )
    )
    found, codes = states.astype(np.float32), codes.astype(np.float32)
    blend = StateBlend(MNIST, update, np.float32)
    work, step = np.empty((2, len(found)), np.float32)
    blend.blend(codes, found, np.empty(len(found), np.intp), work, step)
    expected = [
        int(h) + rs((int(c) - int(h)) * update, 8)
        for h, c in zip(states, candidates[codes.astype(int) + 127], strict=True)
    ]
    assert found.tolist() == expected
    assert max(map(abs, expected)) <= top


def test_candidates_are_odd():
    candidates = signed_candidates(MNIST)
    assert len(candidates) == 255 and candidates[127] == 0
    np.testing.assert_array_equal(candidates, -candidates[::-1])

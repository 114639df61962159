"""The reference parser of packets, held to properties of the contract."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remora.spec.lib.packets import BEAT_BYTES, Drop, Flag, encode_packet
from remora.tb.models.packets import Sequence, malformed, packets, parse, to_beats
from tests.hdl.designs import DESIGNS

LEARNS = DESIGNS["tiny"].evolve(learning={"enabled": True})
designs = st.sampled_from([*DESIGNS.values(), LEARNS])


@given(designs, st.data())
def test_encoded_packets_are_kept_as_they_were(design, data):
    network = design.network
    steps, label = (
        data.draw(st.integers(1, network.max_steps)),
        data.draw(st.none() | st.integers(0, network.classes - 1)),
    )
    tag = data.draw(st.integers(0, 255))
    features = np.random.default_rng(tag).integers(0, 256, size=(steps, network.features), dtype=np.uint8)
    packet = encode_packet(features, tag=tag, label=label)
    beats = to_beats(int.from_bytes(packet[:BEAT_BYTES], "little"), packet[BEAT_BYTES:])
    flags = Flag.INFER if label is None else Flag.INFER | Flag.LABEL_VALID
    assert parse(design, beats) == Sequence(label or 0, flags, tag, tuple(step.tobytes() for step in features))


@pytest.mark.parametrize("name", DESIGNS)
def test_malformed_packets_have_the_cause_of_their_name(name):
    kinds = malformed(DESIGNS[name])
    assert {kind: parse(DESIGNS[name], beats) for kind, (beats, _) in kinds.items()} == {
        kind: cause for kind, (_, cause) in kinds.items()
    }
    assert {cause for _, cause in kinds.values()} == set(Drop)


@pytest.mark.parametrize("flags", range(8))
def test_what_may_be_asked_of_a_design(flags):
    learn, infer, labelled = (bool(flags & flag) for flag in (Flag.LEARN, Flag.INFER, Flag.LABEL_VALID))
    beats = to_beats(flags << 16, bytes(LEARNS.network.features))
    assert (parse(DESIGNS["tiny"], beats) is not Drop.HEADER) == (infer and not learn)
    assert (parse(LEARNS, beats) is not Drop.HEADER) == (labelled if learn else infer)


@given(designs.flatmap(lambda design: st.tuples(st.just(design), packets(design))))
@settings(max_examples=300)
def test_a_kept_packet_is_legal_and_a_byte_less_is_not(case):
    design, beats = case
    result = parse(design, beats)
    if isinstance(result, Drop):
        return
    assert 1 <= len(result.steps) <= design.network.max_steps and {len(step) for step in result.steps} == {
        design.network.features
    }
    data, keep = beats[-1]
    shorter = [*beats[:-1], (data, keep >> 1)] if keep > 1 else beats[:-1]
    outcome = parse(design, shorter)
    one_byte_steps = design.network.features == 1 and len(result.steps) > 1
    assert len(outcome.steps) == len(result.steps) - 1 if one_byte_steps else outcome is Drop.TRUNCATED

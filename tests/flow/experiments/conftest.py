"""Experiments cut down to what a test may take."""

from __future__ import annotations

import pytest

from flow.experiments import bit_streaming


@pytest.fixture
def few_bits(monkeypatch) -> None:
    """Bit streaming with a few resolutions."""
    monkeypatch.setattr(bit_streaming, "STREAM_BITS", (2, 7, 8))
    monkeypatch.setattr(bit_streaming, "ADC_BITS", (7, 8, 10))

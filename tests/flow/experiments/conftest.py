"""Experiments cut down to what a test may take."""

from __future__ import annotations

import pytest

from remora.flow.experiments import bit_streaming
from remora.flow.report.figures import Chart


@pytest.fixture
def few_bits(monkeypatch) -> None:
    """Bit streaming with a few resolutions."""
    monkeypatch.setattr(bit_streaming, "STREAM_BITS", (2, 7, 8))
    monkeypatch.setattr(bit_streaming, "ADC_BITS", (7, 8, 10))


@pytest.fixture
def charts(monkeypatch) -> list[Chart]:
    """Every chart that is written from here on."""
    written, write = [], Chart.write

    def keep(chart, *arguments):
        written.append(chart)
        return write(chart, *arguments)

    monkeypatch.setattr(Chart, "write", keep)
    return written

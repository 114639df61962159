"""The course cut down to what a test may take."""

from __future__ import annotations

import pytest

from remora.flow.experiments.real_devices import course
from tests.flow.experiments.test_continual import tiny_stream


@pytest.fixture
def small_stream(monkeypatch) -> None:
    """Five tiny tasks of synthetic patterns."""
    monkeypatch.setattr(course, "permuted_mnist", tiny_stream)

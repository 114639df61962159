"""The reset pin of every top: how long it is held, and when it acts."""

from __future__ import annotations

HELD_CYCLES = 8
"""Cycles that whoever drives the pin holds it at least."""
LATENCY_CYCLES = 4
"""The hardware is in reset as soon as the pin falls, and until so many cycles after it rises."""

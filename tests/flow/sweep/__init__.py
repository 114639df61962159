"""Tests of `remora.flow.sweep`."""

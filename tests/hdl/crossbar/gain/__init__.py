"""Tests of the gain of codes."""

"""Tests of the map of the spare columns."""

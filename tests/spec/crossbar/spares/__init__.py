"""Tests of the map of spare columns."""

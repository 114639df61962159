"""Spare columns of a chip in golden."""

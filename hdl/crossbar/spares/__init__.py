"""Spare columns: the map of what they stand in for, and how a tile follows it."""

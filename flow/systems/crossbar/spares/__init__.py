"""Spare columns: files of maps."""

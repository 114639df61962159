"""Spare columns in the whole accelerator."""

"""Whole accelerators with other policies of pairs than the default."""

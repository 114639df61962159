"""Whole accelerators on real devices, by a pairwise cover of what they can be and do."""

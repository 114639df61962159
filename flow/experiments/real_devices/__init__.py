"""Experiments on chips of real devices: each beside the ideal chip of the same seed, which is learnt once."""

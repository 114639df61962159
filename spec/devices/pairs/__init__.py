"""Policies of a pair of devices: what a weight is in levels of the two."""

"""Policies of a pair of devices: which of the two a pulse of a weight reaches."""

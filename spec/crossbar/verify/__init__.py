"""Verified learning: how an update reads what its pulses did."""

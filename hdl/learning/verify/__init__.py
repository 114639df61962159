"""Verified learning: reads of rows that an update pulses, and what their pulses missed."""

"""Faults put into the hardware on purpose."""

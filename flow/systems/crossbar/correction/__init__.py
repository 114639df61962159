"""Calibrations of offsets on the hardware."""

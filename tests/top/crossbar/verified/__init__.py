"""Verified learning in the whole accelerator."""

"""Benches of bring-up."""

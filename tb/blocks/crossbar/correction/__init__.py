"""Benches of the corrections of columns, block by block."""

"""Tests of what the benches of blocks reckon with."""

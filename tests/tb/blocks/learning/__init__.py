"""Tests of what the benches of `remora.hdl.learning` reckon with."""

"""Tests of the blocks of `remora.hdl.learning.update`."""

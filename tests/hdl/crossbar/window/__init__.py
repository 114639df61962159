"""Tests of the blocks of `remora.hdl.crossbar.window`."""

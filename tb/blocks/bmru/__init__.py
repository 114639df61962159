"""Tests of the blocks of `remora.hdl.bmru`."""

"""Tests of the blocks of `hdl.cells`."""

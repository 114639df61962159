"""Tests of the blocks of `hdl.crossbar`."""

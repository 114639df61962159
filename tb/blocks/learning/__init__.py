"""Tests of the blocks of `hdl.learning`."""

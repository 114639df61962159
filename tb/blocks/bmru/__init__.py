"""Tests of the blocks of `hdl.bmru`."""

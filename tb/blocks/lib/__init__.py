"""Tests of the blocks of `hdl.lib`."""

"""Tests of `hdl/macros/fpga`."""

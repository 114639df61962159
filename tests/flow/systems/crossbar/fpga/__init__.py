"""Tests of `flow/systems/crossbar/fpga`."""

"""Tests of `flow/signoff/fpga`."""

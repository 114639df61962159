"""Tests of the crossbar accelerator with the bodies of an FPGA."""

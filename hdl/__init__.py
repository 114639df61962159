"""Amaranth hardware: everything that becomes Verilog; hdl/macros holds the analog macros. Imports spec."""

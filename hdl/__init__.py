"""Amaranth hardware: everything that becomes Verilog; hdl/macros holds the analog macros. Imports spec.

Rules with a number, such as rule L3, are those of ``docs/reference/arithmetic.md``.
"""

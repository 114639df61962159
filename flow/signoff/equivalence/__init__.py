"""Proofs that a mapped netlist does what the Verilog does, block by block."""

"""The BMRU core's macro, and the digital controller around it: what becomes Verilog of its design point."""

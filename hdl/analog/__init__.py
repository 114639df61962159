"""The digital controller around the analog BMRU core: what becomes Verilog of an analog design point."""

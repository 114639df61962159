"""The crossbar accelerator on an FPGA: its bodies of the macros, and how many sequences a second it takes."""

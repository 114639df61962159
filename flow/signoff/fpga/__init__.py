"""A crossbar accelerator on an FPGA: synthesis for ECP5, place and route, and the figures."""

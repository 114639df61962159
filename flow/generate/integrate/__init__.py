"""What an integrator takes along beside the Verilog: file lists, constraints, descriptions for other tools."""

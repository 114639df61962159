"""Faults of the generated netlist that a bench must notice, by what they break."""

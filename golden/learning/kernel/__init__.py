"""What trains on one sequence, behind one protocol: in numpy, the reference, and compiled, of the same bits."""

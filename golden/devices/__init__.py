"""Real devices: a chip as it was made, the state of its devices, and what a tile reads of them, rules D1 to D25."""

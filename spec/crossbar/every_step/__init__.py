"""Design points with a readout at every step: what the hardware makes of a lone sequence, cycle by cycle."""

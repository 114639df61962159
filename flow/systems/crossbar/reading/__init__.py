"""The third reading of the crossbar accelerator: rules F to O, B, L, J, P, M and T, from the reference alone."""

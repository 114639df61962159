"""The third reading of the BMRU accelerator: rules A1 to A19, V1 to V5, and packets, from the reference alone."""

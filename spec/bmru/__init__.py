"""The contract of the BMRU accelerator: design point, scan chain, frames, registers."""

"""The contract of the BMRU core: design point, scan chain, frames, registers."""

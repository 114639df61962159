"""The BMRU core, bit by bit: codes, devices, frames, votes."""

"""The BMRU accelerator, bit by bit: codes, devices, frames, votes."""

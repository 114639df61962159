"""Tests of blocks that run inside the simulation, in the rooms of `hdl`."""

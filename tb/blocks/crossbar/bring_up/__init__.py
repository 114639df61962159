"""Tests of the blocks that watch and bring up the macros."""

"""Tests of the blocks that verify what pulses of learning did."""

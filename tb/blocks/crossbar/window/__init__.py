"""Tests of the blocks of the weight window."""

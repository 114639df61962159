"""Tests of what a readout after every step is made of."""

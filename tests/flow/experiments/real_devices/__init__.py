"""Tests of the experiments on chips of real devices."""

"""Tests of the parts of the self-test."""

"""Tests of the plan of the self-test."""

"""Tests of the stages that a step goes through."""

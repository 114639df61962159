"""Tests of what is added to the codes of the columns."""

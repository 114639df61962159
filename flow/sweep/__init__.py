"""Sweeps: units of work that are done once, who does them, and a plan's design points as rows of a table."""

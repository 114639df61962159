"""Functional coverage: the plan, what runs hit of it, and the verdict of a regression."""

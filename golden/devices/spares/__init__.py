"""Spare columns of a chip: what changes places with them, and which would mend it."""

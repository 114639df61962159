"""The macros of a design point as physical tools take them: shapes, timing, outlines."""

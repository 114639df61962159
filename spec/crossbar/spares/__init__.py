"""Spare columns: which column of a tile each stands in for, what a design demands of them, their registers."""

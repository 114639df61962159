"""Soaking: random legal design points and random traffic, hardware against golden and against the third reading."""

"""Bring-up of the first chips: time-outs of macros that do not answer, and more time for those that are slow."""

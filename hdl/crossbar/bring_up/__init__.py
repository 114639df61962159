"""Bring-up of the first chips: time-outs of macros that do not answer."""

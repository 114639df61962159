"""Accounts of learning in a core, of which the bench of that block is made."""

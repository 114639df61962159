"""Keyword spotting: training on clips, what ships trained, and how a network decides."""

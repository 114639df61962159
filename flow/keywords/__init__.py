"""Keyword spotting: training on clips, bundled networks, and how a network decides."""

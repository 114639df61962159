"""Models in plain Python of what blocks must give."""

"""Training in real numbers, and its export to codes."""

"""What drives the whole BMRU core inside a simulation."""

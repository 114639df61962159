"""Properties of the blocks that learn."""

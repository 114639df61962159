"""The gain of a layer's codes."""

"""The way to every memory macro past the core, for a test of the memories."""

"""Rules of an update: what becomes of the step S of a weight."""

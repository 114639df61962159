"""Rules of an update: from the step S of a weight to the pulses that are due."""

"""Rules of an update: from the steps S of a layer to the pulses that are due."""

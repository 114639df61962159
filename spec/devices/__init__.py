"""Real devices: what a design point says of them, presets with their sources, and the integers of rules D1 to D25."""

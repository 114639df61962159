"""A readout after every step: the readout itself, the slots of its results, and the answer that has a part a step."""

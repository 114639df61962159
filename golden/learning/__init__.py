"""Learning on the crossbar accelerator, bit by bit: updates, pulses, replay, checkpoints."""

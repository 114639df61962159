"""Learning on the crossbar accelerator: engine, replay, and what they store."""

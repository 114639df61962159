"""The digital part of the crossbar accelerator."""

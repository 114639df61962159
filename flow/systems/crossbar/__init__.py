"""The crossbar accelerator's part of the flow: stimulus, run, comparison, faults, training."""

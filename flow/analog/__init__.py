"""The analog core's part of the flow: what its directory has of its own, its simulated harness, runs and their
comparison with golden, faults."""

"""The BMRU accelerator's part of the flow: harness, runs and their comparison, faults, keyword training."""

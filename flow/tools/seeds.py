"""Seeds: how large they may be, and the environment variable that gives one."""

LARGEST_SEED = 2**32 - 1
"""Of every seed, on the command line, in a design point and in the environment."""

SEED_VARIABLE = "COCOTB_RANDOM_SEED"
"""Environment variable with the seed of simulations that are given none."""

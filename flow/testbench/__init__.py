"""The testbench that `remora generate` writes to be taken along: it runs with a simulator and make alone."""

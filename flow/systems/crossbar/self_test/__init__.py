"""The built-in self-test: files of defects, and its run on the hardware."""

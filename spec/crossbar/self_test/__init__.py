"""The built-in self-test: its plan, its findings, its registers."""

"""The built-in self-test of devices and converters."""

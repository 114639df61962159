"""The systems that Remora generates, one folder each."""

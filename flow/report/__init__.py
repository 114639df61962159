"""What a person reads: the console, notes, provenance, design points in words."""

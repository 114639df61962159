"""What `remora generate` writes."""

"""Files of maps of spare columns."""

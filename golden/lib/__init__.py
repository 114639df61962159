"""What every system shares: files of arrays, the bistable cell and its network in real numbers."""

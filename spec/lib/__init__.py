"""What every system shares: number formats, random numbers, files, registers, packets, trace."""

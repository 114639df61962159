"""The update of a group of columns: gradients over all steps, then rounding, χ and pulses row by row."""

"""Find the rows that are unlike the others; the declaration is in `params`, the computing in `analysis`."""

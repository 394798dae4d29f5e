"""Group rows by k-means; the declaration is in `params`, the computing in `analysis`."""

"""Group rows that are alike; the declaration is in `params`, the computing in `analysis`."""

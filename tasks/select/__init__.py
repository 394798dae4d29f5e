"""Tell which columns matter for a target; the declaration is in `params`, the computing in `analysis`."""

"""Show a table of many columns in a few; the declaration is in `params`, the computing in `analysis`."""

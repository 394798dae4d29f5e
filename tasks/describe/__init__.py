"""Describe a table, column by column; the declaration is in `params`, the computing in `analysis`."""

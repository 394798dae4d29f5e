"""Describe a table, column by column and pair by pair; the declaration is in `params`, the computing in `analysis`."""

"""Explain what a model has learned; the declaration is in `params`, the computing in `analysis`."""

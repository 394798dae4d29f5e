"""Forecast a series and its intervals; the declaration is in `params`, the computing in `analysis`."""

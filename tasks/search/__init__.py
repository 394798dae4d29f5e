"""Search the parameters of a model; the declaration is in `params`, the computing in `analysis`."""

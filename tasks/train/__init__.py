"""Train a model by cross-validation; the declaration is in `params`, the computing in `analysis`."""

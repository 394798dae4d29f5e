"""Compare estimators on the same folds; the declaration is in `params`, the computing in `analysis`."""

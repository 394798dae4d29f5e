"""The figures of `train`: which there are is in `figures`, how each is drawn beside it."""

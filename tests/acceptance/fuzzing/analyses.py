"""What is offered while the API is fuzzed: every kind of params, and nothing that takes long."""

from samples import attach, crash, double, nap, refuse

from tasks.cluster.params import cluster
from tasks.describe.params import describe
from tasks.search.params import search

__all__ = ["attach", "cluster", "crash", "describe", "double", "nap", "refuse", "search"]

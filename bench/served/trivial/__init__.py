"""The analysis that benchmarks run: nothing to compute, so that what is measured is the service."""

from tasks import analysis


@analysis()
def add(a: int, b: int) -> dict[str, int]:
    """Add two numbers."""
    return {"sum": a + b}

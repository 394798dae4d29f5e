"""How many threads the native libraries (OpenMP, BLAS) of one process may use: its share of the cores."""

import os

from threadpoolctl import threadpool_limits

#: What the native libraries read when they are loaded.
VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "LOKY_MAX_CPU_COUNT")


def share_of_cores(concurrency: int) -> int:
    """The cores that this process may use, divided among so many jobs at once; at least one."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS has no affinity.
        cores = os.cpu_count() or 1
    return max(1, cores // concurrency)


def limit_before_import(threads: int) -> None:
    """Sets the limit for libraries that are not loaded yet; what an operator has set stays."""
    for name in VARIABLES:
        os.environ.setdefault(name, str(threads))


def limit_loaded() -> None:
    """Sets the limit for the libraries that are loaded, for the rest of this process' life."""
    threadpool_limits(limits=int(os.environ[VARIABLES[0]]))

"""What a run takes: its wall-clock time, its CPU time and its peak of memory."""

import resource
import sys
import time
from pathlib import Path

from jobs.job import Metrics

#: Writing "5" here sets the kernel's record of this process' peak back to what it uses now (Linux, ``proc(5)``).
_CLEAR_REFS = Path("/proc/self/clear_refs")
_STATUS = Path("/proc/self/status")


class Meter:
    """Measures from when it is made."""

    def __init__(self) -> None:
        _reset_peak()
        self._wall = time.perf_counter()
        self._cpu = _cpu()

    def read(self) -> Metrics:
        """What was taken so far."""
        return Metrics(
            wall=round(time.perf_counter() - self._wall, 4),
            cpu=round(_cpu() - self._cpu, 4),
            peak_memory=_peak(),
        )


def _cpu() -> float:
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def _reset_peak() -> None:
    try:
        _CLEAR_REFS.write_text("5")
    except OSError:
        return  # Not Linux, or not allowed: the peak is then that of the process' whole life.


def _peak() -> int:
    """Highest resident memory, bytes."""
    try:
        lines = _STATUS.read_text().splitlines()
    except OSError:
        return _peak_of_life()
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), _peak_of_life())


def _peak_of_life() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024

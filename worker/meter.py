"""What a run takes: its wall-clock time, its CPU time and its peak of memory."""

import re
import resource
import sys
import time
from contextlib import suppress

from jobs.job import Metrics

#: Writing "5" here sets the kernel's record of this process' peak back to what it uses now (Linux, ``proc(5)``).
_CLEAR_REFS = "/proc/self/clear_refs"

#: What the kernel says of this process; in KiB its highest resident memory ("high water mark").
_STATUS = "/proc/self/status"
_LONGEST_STATUS = 8192
_PEAK = re.compile(rb"^VmHWM:\s*([0-9]+) kB$", re.MULTILINE)


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
    # Missing elsewhere than on Linux, or not allowed: the peak is then that of the process' whole life.
    with suppress(OSError), open(_CLEAR_REFS, "wb", buffering=0) as file:
        file.write(b"5")


def _peak() -> int:
    """Highest resident memory, bytes."""
    try:
        with open(_STATUS, "rb", buffering=0) as file:
            status = file.read(_LONGEST_STATUS)
    except OSError:
        return _peak_of_life()
    found = _PEAK.search(status)
    return int(found[1]) * 1024 if found else _peak_of_life()


def _peak_of_life() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024

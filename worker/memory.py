"""Memory: how much a run may take, and how one knows that the system has killed a process for it."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: Where the kernel counts its kills for want of memory: those of this control group, those of the machine.
_COUNTERS = (Path("/sys/fs/cgroup/memory.events"), Path("/proc/vmstat"))
_STATUS = Path("/proc/self/status")


@contextmanager
def memory_limited(limit: int) -> Iterator[None]:
    """In here this process gets at most ``limit`` bytes more than it has; then allocations fail with MemoryError.

    0 is no limit. The kernel counts writable private memory (RLIMIT_DATA, Linux); elsewhere nothing is limited.
    """
    size = _data_size() if limit else None
    if size is None:
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = size + limit
    resource.setrlimit(resource.RLIMIT_DATA, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def _data_size() -> int | None:
    """What RLIMIT_DATA is compared with, bytes; None on a system that does not tell."""
    try:
        lines = _STATUS.read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmData:")), None)


class MemoryKills:
    """Watches the kernel's counts of processes that were killed for want of memory."""

    def __init__(self, counters: tuple[Path, ...] = _COUNTERS) -> None:
        self._counters = counters
        self._seen = self._count()

    def grew(self) -> bool:
        """Whether there were any since it was asked last."""
        before, self._seen = self._seen, self._count()
        return self._seen > before

    def _count(self) -> int:
        return sum(_kills_in(counter) for counter in self._counters)


def _kills_in(counter: Path) -> int:
    try:
        lines = counter.read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("oom_kill "))

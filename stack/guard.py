"""The guard: a small process that outlives a killed manager just long enough to kill what it left behind.

The kernel's parent-death signal reaches a role's first process only, and only on Linux; a role's own children (pool
processes in the midst of a job) would run on. The guard is told each process group over a pipe; when the pipe closes
without a farewell, it kills the groups. It inherits the lock of the data dir, so that the next start waits for it.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

#: How long killed groups may take to be gone, seconds.
_PATIENCE = 2.0


class Guard:
    """The manager's end of the pipe."""

    def __init__(self, *, lock: int, runtime_dir: Path) -> None:
        """Start the guard; it holds the open file ``lock`` and removes ``runtime_dir`` when it has to act."""
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__, str(runtime_dir)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(lock,),
            cwd="/",
            start_new_session=True,
        )

    def watch(self, group: int) -> None:
        """Kill this process group if the manager ends by force."""
        self._tell(f"+{group}\n")

    def forget(self, group: int) -> None:
        """This process group is gone."""
        self._tell(f"-{group}\n")

    def dismiss(self) -> None:
        """Nothing is left to guard."""
        self._process.communicate()

    def _tell(self, line: str) -> None:
        pipe = self._process.stdin
        # A guard that was killed itself is no reason to stop: the parent-death signal is still there.
        with contextlib.suppress(BrokenPipeError):
            if pipe is not None:
                pipe.write(line.encode())
                pipe.flush()


def kill_group(group: int) -> None:
    """Kill every process of this group; a group that is gone already is fine."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def main() -> None:
    """Keep the list of groups until the pipe closes, then kill what is still on it."""
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin:
        group = int(line[1:])
        (groups.add if line[0] == "+" else groups.discard)(group)
    for group in groups:
        kill_group(group)
    _wait_until_gone(groups)
    shutil.rmtree(sys.argv[1], ignore_errors=True)


def _wait_until_gone(groups: set[int]) -> None:
    ends = time.monotonic() + _PATIENCE
    while any(_exists(group) for group in groups) and time.monotonic() < ends:
        time.sleep(0.01)


def _exists(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


if __name__ == "__main__":
    main()

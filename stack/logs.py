"""The roles' output: read from one named pipe each, printed as whole lines behind the role's name."""

import asyncio
import contextlib
import os
import sys
from pathlib import Path
from typing import TextIO

#: ANSI colours of the prefixes, in the order in which roles appear.
_COLOURS = ("36", "32", "33", "35", "34")

#: A line longer than this is printed in pieces, bytes.
_LONGEST_LINE = 64 * 1024


class LineLog:
    """One role's output.

    A named pipe, because it outlives the role's processes: what a process wrote just before it died is still read.
    """

    def __init__(self, path: Path, *, prefix: str, out: TextIO) -> None:
        """Make the pipe at ``path`` and print what comes through it on the running event loop."""
        os.mkfifo(path, 0o600)
        #: The pipe that the role writes to.
        self.path = path
        #: The latest line that was not empty.
        self.last_line = ""
        self._prefix, self._out, self._rest = prefix, out, b""
        # Open for writing too: without a writer the pipe would read as ended each time a process dies.
        self._pipe = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        asyncio.get_running_loop().add_reader(self._pipe, self.read)

    def read(self) -> bool:
        """Print the whole lines of what has arrived; at most so much at a time that a flood leaves time for the rest.

        Returns:
            Whether anything had arrived.

        """
        try:
            chunk = os.read(self._pipe, _LONGEST_LINE)
        except BlockingIOError:
            return False
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        self._print(lines)
        if len(self._rest) > _LONGEST_LINE:
            self._flush()
        return bool(chunk)

    def drain(self) -> None:
        """Print everything that has arrived."""
        while self.read():
            pass

    def close(self) -> None:
        """Print the rest and remove the pipe."""
        self.drain()
        self._flush()
        asyncio.get_running_loop().remove_reader(self._pipe)
        os.close(self._pipe)
        self.path.unlink(missing_ok=True)

    def _flush(self) -> None:
        rest, self._rest = self._rest, b""
        self._print([rest] if rest else [])

    def _print(self, lines: list[bytes]) -> None:
        texts = [line.decode(errors="replace").rstrip("\r") for line in lines]
        self.last_line = next((text.strip() for text in reversed(texts) if text.strip()), self.last_line)
        # A reader that went away (`coatcheck up | head`) must not stop the service.
        with contextlib.suppress(BrokenPipeError):
            self._out.writelines(f"{self._prefix}{text}\n" for text in texts)
            self._out.flush()


def prefixes(names: tuple[str, ...], *, out: TextIO = sys.stdout) -> dict[str, str]:
    """What goes before each role's lines: aligned, and coloured on a terminal that wants it."""
    width = max(map(len, names))
    plain = {name: f"{name:<{width}} | " for name in names}
    if not out.isatty() or "NO_COLOR" in os.environ:
        return plain
    return {name: f"\x1b[{_COLOURS[at % len(_COLOURS)]}m{plain[name]}\x1b[0m" for at, name in enumerate(names)}

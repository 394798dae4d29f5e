"""The ledger: every move of every job, read from Redis' append-only file after the run.

The file is Redis' own account of what it wrote, in the order in which it wrote it. Neither API nor workers can add a
line to it or leave one out, and a job that is settled twice stands there twice.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from jobs.job import FINAL, MOVES, JobStatus
from jobs.keys import Keys


@dataclass(frozen=True, kw_only=True)
class Move:
    """One change of a job's status."""

    status: JobStatus
    #: Unix time in milliseconds of Redis' clock.
    at: int
    #: The worker that claimed it; "" for any other move.
    worker: str
    #: Why it failed; "" where it did not.
    cause: str


@dataclass(kw_only=True)
class History:
    """All moves of one job."""

    label: str
    moves: list[Move] = field(default_factory=list)
    #: How many results were written for it.
    results: int = 0

    @property
    def last(self) -> Move:
        """Where it stands."""
        return self.moves[-1]

    @property
    def claims(self) -> list[Move]:
        """Each time that a worker took it."""
        return [move for move in self.moves if move.status is JobStatus.RUNNING]

    @property
    def endings(self) -> int:
        """How often it was made final; anything but one is wrong."""
        return sum(move.status in FINAL for move in self.moves)

    @property
    def illegal(self) -> list[str]:
        """Moves that the table of moves does not know."""
        pairs = zip(self.moves, self.moves[1:], strict=False)
        return [f"{one.status} → {next_.status}" for one, next_ in pairs if next_.status not in MOVES[one.status]]

    def __str__(self) -> str:
        """The moves in one line, each with the milliseconds since the first."""
        return ", ".join(f"{move.status} +{move.at - self.moves[0].at} {move.worker}".rstrip() for move in self.moves)

    def at(self, moment: int) -> Move | None:
        """The move that the job stood at in this moment; None before it was accepted."""
        return next((move for move in reversed(self.moves) if move.at <= moment), None)


def read_ledger(files: Sequence[Path], *, namespace: str) -> dict[str, History]:
    """The history of every job that ever was, by its id."""
    keys = Keys(namespace)
    record, result = keys.record(""), keys.result("")
    histories: dict[str, History] = {}
    for file in files:
        for command in commands_in(file.read_bytes()):
            name, key = command[0].upper(), command[1].decode(errors="replace") if command[1:] else ""
            if name == b"HSET" and key.startswith(record):
                _note(histories, key.removeprefix(record), command)
            elif name == b"SET" and key.startswith(result):
                histories[key.removeprefix(result)].results += 1
    return histories


def _note(histories: dict[str, History], job_id: str, command: Sequence[bytes]) -> None:
    fields = {name.decode(): value.decode() for name, value in zip(command[2::2], command[3::2], strict=True)}
    if "status" not in fields:
        return
    history = histories.setdefault(job_id, History(label=fields.get("label", "")))
    status = JobStatus(fields["status"])
    # The record names the process too; they come and go with every fifty jobs.
    worker = fields["worker"].partition("/")[0] if status is JobStatus.RUNNING else ""
    # A result in the blob store is counted by the pointer to it.
    history.results += bool(fields.get("result_blob"))
    history.moves.append(Move(status=status, at=int(fields["updated"]), worker=worker, cause=fields.get("cause", "")))


def commands_in(file: bytes) -> Iterator[list[bytes]]:
    """The commands of an append-only file; it holds them as clients send them (RESP arrays of bulk strings)."""
    stream = BytesIO(file)
    while line := stream.readline():
        if line.startswith(b"#"):
            continue  # A time stamp between commands.
        yield [_bulk(stream) for _ in range(int(line[1:]))]


def _bulk(stream: BytesIO) -> bytes:
    size = int(stream.readline()[1:])
    value = stream.read(size)
    stream.readline()
    return value

"""The snapshot: all that a Redis holds at one moment, fetched over the wire as a replica would, in an RDB file.

It is what ``redis-cli --rdb`` does: SYNC makes the server fork, write one consistent file and send it; see
https://redis.io/docs/latest/operate/oss_and_stack/management/replication/.
"""

import socket
from pathlib import Path
from typing import IO, Protocol, cast

from redis.exceptions import RedisError, ResponseError

from jobs.connection import connect
from jobs.settings import Settings
from stack.errors import BackupRefused

#: How long the server may be silent, seconds; while it prepares the file it says something each second.
_SILENCE = 60.0

#: Bytes that are passed on at once.
_PIECE = 2**20

_ADVICE = "Where a managed Redis forbids SYNC, use the snapshots of its provider."


class _Connection(Protocol):
    """What is used of redis-py's connections, which have no types of their own."""

    def send_command(self, *words: str) -> None: ...
    def read_response(self) -> object: ...
    def disconnect(self) -> None: ...


def fetch_snapshot(settings: Settings, target: Path) -> None:
    """Writes what the Redis of these settings holds to ``target``; jobs go on meanwhile.

    Raises:
        BackupRefused: Redis is away, forbids it, or broke it off.

    """
    redis = connect(settings)
    try:
        taken = redis.connection_pool.get_connection()
        connection = cast("_Connection", taken)
        try:
            _receive(connection, target)
        finally:
            # It is a replica's connection now and of no other use.
            connection.disconnect()
            redis.connection_pool.release(taken)
    except (RedisError, OSError) as error:
        raise BackupRefused(f"Redis gave no snapshot: {error}. {_ADVICE}") from error
    finally:
        redis.close()


def _receive(connection: _Connection, target: Path) -> None:
    _ask_for_the_file_alone(connection)
    connection.send_command("SYNC")
    wire = cast("socket.socket", connection._sock)  # type: ignore[attr-defined]
    wire.settimeout(_SILENCE)
    with wire.makefile("rb") as stream, target.open("wb") as file:
        _pass_on(stream, file, _length(stream))


def _ask_for_the_file_alone(connection: _Connection) -> None:
    """So that the server keeps no writes for us; an older one than 7 does not know it, and does all the same."""
    connection.send_command("REPLCONF", "rdb-only", "1")
    try:
        connection.read_response()
    except ResponseError:
        return


def _length(stream: IO[bytes]) -> int:
    """How many bytes the file has; until it is ready the server sends empty lines."""
    while (line := stream.readline()) == b"\n":
        pass
    if not line.startswith(b"$"):
        raise ConnectionError(line.decode(errors="replace").strip() or "it hung up")
    return int(line[1:])


def _pass_on(source: IO[bytes], target: IO[bytes], length: int) -> None:
    left = length
    while left and (piece := source.read(min(left, _PIECE))):
        target.write(piece)
        left -= len(piece)
    if left:
        raise ConnectionError(f"it hung up {left} bytes before the end")

"""The bare limit: the barest WSGI application, with the fewest Redis commands that a request needs.

POST: one pipelined SET of a record and LPUSH of a message. GET: one GET of the record. The answers are as long as the
service's own. Whatever the service checks, decides and renders comes on top.
"""

import os
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit
from uuid import uuid4

from hiredis import Reader, pack_command
from redis import BlockingConnectionPool, Redis

#: What WSGI calls to begin an answer.
StartResponse = Callable[[str, list[tuple[str, str]]], object]

#: A record and a document of the size that a waiting job has.
_RECORD = b"x" * 700

_HEADERS = [("Content-Type", "application/json"), ("Retry-After", "1"), ("Cache-Control", "no-store")]

#: What keeps a record and a message, by id; and what gets a record.
Store = tuple[Callable[[bytes], None], Callable[[bytes], bytes]]


def with_redis_py() -> Callable[[dict[str, object], StartResponse], Iterable[bytes]]:
    """The application over redis-py and its pool."""
    return _application(_redis_py(os.environ["BENCH_REDIS_URL"]))


def with_bare_socket() -> Callable[[dict[str, object], StartResponse], Iterable[bytes]]:
    """The application over sockets that speak by hiredis' packer and reader alone."""
    return _application(_bare_socket(os.environ["BENCH_REDIS_URL"]))


def _application(store: Store) -> Callable[[dict[str, object], StartResponse], Iterable[bytes]]:
    put, get = store

    def answer(environ: dict[str, object], start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] == "POST":
            environ["wsgi.input"].read()  # type: ignore[attr-defined]
            key = uuid4().hex.encode()
            put(key)
            record = _RECORD
        else:
            key = str(environ["PATH_INFO"]).rpartition("/")[2].encode()
            record = get(key)
        where = ("Location", f"http://{environ['HTTP_HOST']}/{key.decode()}")
        start_response("202 ACCEPTED", [*_HEADERS, where, ("Content-Length", str(len(record)))])
        return [record]

    return answer


def _redis_py(url: str) -> Store:
    redis = Redis(connection_pool=BlockingConnectionPool.from_url(url, max_connections=64))

    def put(key: bytes) -> None:
        with redis.pipeline(transaction=False) as pipeline:
            pipeline.set(key, _RECORD).lpush("queue", key)
            pipeline.execute()

    def get(key: bytes) -> bytes:
        return bytes(redis.get(key) or b"")

    return put, get


def _bare_socket(url: str) -> Store:
    idle: list[Wire] = []

    def ask(*commands: tuple[bytes, ...]) -> list[object]:
        wire = idle.pop() if idle else Wire(url)
        replies = wire.ask(*commands)
        idle.append(wire)
        return replies

    def put(key: bytes) -> None:
        ask((b"SET", key, _RECORD), (b"LPUSH", b"queue", key))

    def get(key: bytes) -> bytes:
        return bytes(ask((b"GET", key))[0] or b"")  # type: ignore[call-overload]

    return put, get


class Wire:
    """One connection to Redis."""

    def __init__(self, url: str) -> None:
        # Imported when the server has patched it.
        import socket

        parts = urlsplit(url)
        self._socket = socket.create_connection((parts.hostname, parts.port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._reader = Reader()
        self.ask((b"SELECT", parts.path.strip("/").encode() or b"0"))

    def ask(self, *commands: tuple[bytes, ...]) -> list[object]:
        """The replies to these commands, sent at once."""
        self._socket.sendall(b"".join(map(pack_command, commands)))
        replies: list[object] = []
        while len(replies) < len(commands):
            reply = self._reader.gets()
            if reply is False:
                self._reader.feed(self._socket.recv(65536))
            else:
                replies.append(reply)
        return replies

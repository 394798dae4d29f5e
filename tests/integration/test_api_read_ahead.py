"""Results that are read ahead, over real connections: they save a read, and nobody is told what they may not be told.

What is read ahead counts for a minute here, so that no test depends on how busy the machine is. Whether an answer was
read ahead is seen by what it says of a result that was changed in Redis between the two requests.
"""

import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

import pytest
from redis.client import Monitor
from running_api import API, Running, running_api
from submissions import NOTHING, a_submission

from app.read_ahead import MOST
from jobs.api_keys import Scope
from jobs.key_ring import KeyRing
from jobs.leases import Leases
from jobs.settings import Settings
from jobs.store import Store
from stack.redis_server import EmbeddedRedis

#: The real API, which has time for a result that was read ahead.
UNHURRIED = ("-c", f"from app import read_ahead; read_ahead.FRESH = 60; {API[1]}")

#: Results: the one that is read ahead, and the one that is there after that.
BEFORE, AFTER = b'{"doubled":2}', b'{"doubled":3}'

#: What comes between the poll and the result, by what reads it; the job of the poll is ``{}``.
BETWEEN = {
    "nothing of a job": ("GET", "/livez"),
    "what is nowhere": ("GET", "/nowhere"),
    "its document": ("GET", "/jobs/{}"),
    "the list of jobs": ("GET", "/jobs?limit=1"),
    "its result": ("GET", "/resource/{}/result"),
    "the head of its result": ("HEAD", "/resource/{}/result"),
    "the head of its poll": ("HEAD", "/queuedResource/{}/status"),
    "a cancel": ("DELETE", "/jobs/{}"),
}

#: Headers of the request for the result that do, or might, change its answer.
HEADERS = {
    "none": {},
    "codings": {"Accept-Encoding": "gzip, deflate, br, zstd"},
    "no coding": {"Accept-Encoding": "identity"},
    "any tag": {"If-None-Match": "*"},
    "another tag": {"If-None-Match": '"another"'},
    "a range": {"Range": "bytes=0-3"},
    "a wait": {"Prefer": "wait=1"},
    "another preference": {"Prefer": "respond-async"},
    "a page": {"Accept": "text/html"},
}


@dataclass(frozen=True)
class Said:
    """An answer."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


@dataclass(frozen=True)
class Asker:
    """A connection that is kept, and the key that is sent over it unless another one is named."""

    connection: http.client.HTTPConnection
    key: str

    def ask(self, method: str, path: str, *, key: str | None = None, **headers: str) -> Said:
        self.connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in {"Authorization": self.key if key is None else key, "X-Request-ID": "1", **headers}.items():
            if value:
                self.connection.putheader(name, value)
        self.connection.endheaders()
        answer = self.connection.getresponse()
        body = answer.read()
        return Said(answer.status, [each for each in answer.getheaders() if each[0] != "Date"], body)

    def poll(self, job_id: str) -> None:
        """Polls a job that has succeeded."""
        answer = self.ask("GET", f"/queuedResource/{job_id}/status")
        assert answer.status == 303

    def result(self, job_id: str, **options: str) -> Said:
        return self.ask("GET", f"/resource/{job_id}/result", **options)


@pytest.fixture(scope="module")
def api_settings(redis_server: EmbeddedRedis, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Where the API of these tests has its jobs."""
    folder = str(tmp_path_factory.mktemp("data"))
    return Settings(redis_url=redis_server.url, namespace=f"test-{uuid4().hex[:12]}", data_dir=folder)


@pytest.fixture(scope="module")
def server(api_settings: Settings) -> Iterator[Running]:
    """An API that asks everybody for a key."""
    variables = {"NAMESPACE": api_settings.namespace, "OPEN": "false", "API_PROCESSES": "1"}
    with running_api(api_settings.redis_url, Path(api_settings.data_dir), program=UNHURRIED, **variables) as running:
        yield running


@pytest.fixture
def store(api_settings: Settings) -> Iterator[Store]:
    """The jobs of that API."""
    opened = Store(api_settings)
    yield opened
    opened.redis.close()


@pytest.fixture
def alice(store: Store) -> str:
    """A key of her whose jobs these are."""
    return key_of(store, "alice", Scope.SUBMIT, Scope.READ)


@pytest.fixture
def asker(server: Running, alice: str) -> Iterator[Asker]:
    """A connection of hers."""
    with connected(server, alice) as one:
        yield one


@contextmanager
def connected(server: Running, key: str) -> Iterator[Asker]:
    """A connection over which everything goes: it is not made anew where it was closed."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.connect()
    connection.auto_open = 0
    try:
        yield Asker(connection, key)
    finally:
        connection.close()


def key_of(store: Store, name: str, *scopes: Scope) -> str:
    return f"Bearer {KeyRing(store.redis, store.keys).make(name, scopes)[1]}"


def succeeded(store: Store, result: bytes = BEFORE) -> str:
    """The id of a job of alice's with this result."""
    job_id = store.submit(replace(a_submission(), caller="alice")).id
    leases = Leases(store, worker="worker-1")
    leases.succeed(leases.claim(job_id), result, metrics=NOTHING)
    return job_id


def change(store: Store, job_id: str) -> None:
    """Puts another result into Redis, as nothing of the service ever does."""
    store.redis.set(store.keys.result(job_id), AFTER)


def heard(monitor: Monitor, store: Store, word: str) -> list[str]:
    """The scripts that ran with this word since the monitor began."""
    store.redis.echo("That is all.")
    commands = []
    while not (command := monitor.next_command()["command"]).startswith("ECHO"):
        commands.append(command)
    return [command for command in commands if command.startswith("EVALSHA") and word in command]


def of_length(length: int) -> bytes:
    """A result of so many bytes."""
    return b'"%b"' % (b"x" * (length - 2))


def test_a_poll_and_the_result_behind_it_ask_redis_once(store: Store, asker: Asker) -> None:
    job_id = succeeded(store)
    # Who she is and the script are known from then on.
    asker.poll(succeeded(store))
    with store.redis.monitor() as monitor:
        asker.poll(job_id)
        assert len(heard(monitor, store, job_id)) == 1
        assert asker.result(job_id).body == BEFORE
        assert heard(monitor, store, job_id) == []


@pytest.mark.parametrize(("length", "is_read_ahead"), [(MOST - 1, True), (MOST, True), (MOST + 1, False)])
def test_only_a_small_result_is_read_ahead(store: Store, asker: Asker, length: int, is_read_ahead: bool) -> None:
    job_id = succeeded(store, of_length(length))
    asker.poll(job_id)
    change(store, job_id)
    assert asker.result(job_id).body == (of_length(length) if is_read_ahead else AFTER)


def test_a_result_in_a_file_is_read_from_there(api_settings: Settings, store: Store, asker: Asker) -> None:
    thrifty = Store(replace(api_settings, inline_limit=10))
    job_id = succeeded(thrifty, of_length(100))
    thrifty.redis.close()
    asker.poll(job_id)
    assert store.redis.exists(store.keys.result(job_id)) == 0
    assert asker.result(job_id).body == of_length(100)


def test_a_purge_over_the_same_connection_is_seen_at_once(store: Store, asker: Asker) -> None:
    job_id = succeeded(store)
    asker.poll(job_id)
    assert asker.ask("DELETE", f"/resource/{job_id}").status == 204
    assert asker.result(job_id).status == 404


@pytest.mark.parametrize("between", BETWEEN)
def test_a_request_in_between_has_the_result_read_anew(store: Store, asker: Asker, between: str) -> None:
    job_id = succeeded(store)
    method, path = BETWEEN[between]
    asker.poll(job_id)
    asker.ask(method, path.format(job_id))
    change(store, job_id)
    assert asker.result(job_id).body == AFTER


def test_the_poll_of_another_job_in_between_has_the_result_read_anew(store: Store, asker: Asker) -> None:
    job_id, another = succeeded(store), succeeded(store, b'"another"')
    asker.poll(job_id)
    asker.poll(another)
    change(store, job_id)
    assert asker.result(job_id).body == AFTER


def test_another_connection_has_the_result_read_anew(server: Running, store: Store, asker: Asker) -> None:
    job_id = succeeded(store)
    with connected(server, asker.key) as other:
        other.ask("GET", "/livez")
        asker.poll(job_id)
        change(store, job_id)
        assert other.result(job_id).body == AFTER
    assert asker.result(job_id).body == BEFORE


def test_another_caller_on_the_same_connection_gets_404(store: Store, asker: Asker) -> None:
    bob = key_of(store, "bob", Scope.SUBMIT, Scope.READ)
    job_id = succeeded(store)
    asker.poll(job_id)
    answer = asker.result(job_id, key=bob)
    assert answer.status == 404
    assert BEFORE not in answer.body


def test_what_another_caller_polled_is_the_owners_to_read(store: Store, asker: Asker) -> None:
    bob = key_of(store, "bob", Scope.SUBMIT, Scope.READ)
    job_id = succeeded(store)
    assert asker.ask("GET", f"/queuedResource/{job_id}/status", key=bob).status == 404
    change(store, job_id)
    assert asker.result(job_id).body == AFTER


def test_an_administrator_on_the_same_connection_gets_it(store: Store, asker: Asker) -> None:
    job_id = succeeded(store)
    asker.poll(job_id)
    assert asker.result(job_id, key=key_of(store, "root", Scope.ADMIN)).body == BEFORE


@pytest.mark.parametrize("key", ["", "Bearer x", "Basic eDp5"])
def test_nobody_without_a_good_key_gets_it(store: Store, asker: Asker, key: str) -> None:
    job_id = succeeded(store)
    asker.poll(job_id)
    assert asker.result(job_id, key=key).status == 401


def test_a_key_that_is_not_for_reading_does_not_get_it(store: Store, asker: Asker) -> None:
    job_id = succeeded(store)
    asker.poll(job_id)
    assert asker.result(job_id, key=key_of(store, "alice", Scope.SUBMIT)).status == 403


def test_a_key_that_was_revoked_does_not_get_it(store: Store, asker: Asker) -> None:
    ring = KeyRing(store.redis, store.keys)
    key, text = ring.make("alice", [Scope.READ])
    ring.revoke(key.id)
    job_id = succeeded(store)
    asker.poll(job_id)
    assert asker.result(job_id, key=f"Bearer {text}").status == 401


@pytest.mark.parametrize("headers", HEADERS)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("length", [13, MOST - 1, MOST, MOST + 1])
def test_the_answer_is_what_it_is_without(
    server: Running, store: Store, asker: Asker, length: int, method: str, headers: str
) -> None:
    job_id = succeeded(store, of_length(length))
    path = f"/resource/{job_id}/result"
    asker.poll(job_id)
    found = asker.ask(method, path, **HEADERS[headers])
    with connected(server, asker.key) as other:
        assert found == other.ask(method, path, **HEADERS[headers])

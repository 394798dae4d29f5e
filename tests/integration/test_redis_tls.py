"""Redis over TLS: a server is believed only with the right certificate, a client only with its own and its user."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from parts import needs_program
from processes import Api, Worker
from redis_group import RedisGroup, Server
from submissions import submitted
from tls_authority import Authority, Identity
from waiting import eventually

from app.following.subscription import Subscription
from jobs.errors import StoreUnavailable
from jobs.job import Job, JobStatus
from jobs.settings import Settings
from jobs.store import Store
from stack.redis_server import answers

#: Debian's redis-tools carry the whole server, with TLS, in this file; what it does depends on how it is called.
SERVER = "redis-check-rdb"

pytestmark = needs_program(SERVER)

#: May do what the service does with what begins with its namespace, and administer nothing; as in docs/redis.md.
USER = "user coatcheck on >s3cret:/ ~test-* ~_kombu.* &test-* +@all -@admin -@dangerous +info +config|get"


def called(name: str) -> dict[str, Any]:
    """How the server is started as the program of this name."""
    return {"program": (name,), "executable": f"/usr/bin/{SERVER}"}


def options_of(identity: Identity, authority: Authority) -> dict[str, str]:
    """A server's own options."""
    return {
        "tls-cert-file": str(identity.certificate),
        "tls-key-file": str(identity.key),
        "tls-ca-cert-file": str(authority.certificate),
        "tls-replication": "yes",
    }


def trusting(authority: Authority, identity: Identity | None = None, **more: str) -> str:
    """The options of a client's URL."""
    own = {"ssl_certfile": str(identity.certificate), "ssl_keyfile": str(identity.key)} if identity else {}
    return urlencode({"ssl_ca_certs": str(authority.certificate), **own, **more})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module")
def authority(folder: Path) -> Authority:
    return Authority(folder)


@pytest.fixture(scope="module")
def client(authority: Authority) -> Identity:
    return authority.identify("client")


@pytest.fixture(scope="module")
def server(folder: Path, authority: Authority, client: Identity) -> Iterator[Server]:
    """A Redis that talks by TLS only, to clients with a certificate only."""
    identity = authority.identify("server", "127.0.0.1")
    lines = ("user default off", USER)
    running = Server(
        folder=folder / "server", lines=lines, tls=options_of(identity, authority), **called("redis-server")
    )
    running.start()
    try:
        eventually(lambda: answers(url_of(running, trusting(authority, client))) is None, saying="Redis did not start")
        yield running
    finally:
        running.kill()


def url_of(server: Server, options: str, *, host: str = "127.0.0.1", login: str = "coatcheck:s3cret%3A%2F") -> str:
    return f"rediss://{login}@{host}:{server.port}/0?{options}"


def test_jobs_are_kept_and_told_of_by_tls(
    server: Server, authority: Authority, client: Identity, settings: Settings
) -> None:
    store = Store(replace(settings, redis_url=url_of(server, trusting(authority, client))))
    confirmed: list[str | None] = []
    with closing(Subscription(store.redis, heard=lambda *_: None, confirmed=confirmed.append)) as subscription:
        subscription.add(f"{settings.namespace}:news")
        eventually(lambda: confirmed == [f"{settings.namespace}:news"])
    assert store.find(submitted(store).id).status is JobStatus.QUEUED


def test_api_and_worker_reach_their_jobs_by_tls(
    server: Server, authority: Authority, client: Identity, settings: Settings, tmp_path: Path
) -> None:
    settings = replace(settings, redis_url=url_of(server, trusting(authority, client)))
    with Api(settings, tmp_path) as api, Worker(settings, tmp_path, concurrency=1):
        accepted = httpx.post(f"{api.url}/analysis/double/run", json={"params": {"number": 4}}, timeout=10)
        assert accepted.status_code == 202, accepted.text
        job = accepted.headers["operation-location"]
        eventually(lambda: httpx.get(job, timeout=10).json()["status"] == "succeeded")


def test_a_server_with_a_certificate_of_somebody_else_is_refused(
    server: Server, client: Identity, settings: Settings, tmp_path: Path
) -> None:
    store = Store(replace(settings, redis_url=url_of(server, trusting(Authority(tmp_path), client))))
    with pytest.raises(StoreUnavailable, match="certificate verify failed"):
        store.ping()


def test_a_certificate_for_another_host_is_refused_unless_told(
    server: Server, authority: Authority, client: Identity, settings: Settings
) -> None:
    url = url_of(server, trusting(authority, client), host="localhost")
    with pytest.raises(StoreUnavailable, match="not valid for 'localhost'"):
        Store(replace(settings, redis_url=url)).ping()
    Store(replace(settings, redis_url=f"{url}&ssl_check_hostname=false")).ping()


def test_a_client_without_a_certificate_is_refused(server: Server, authority: Authority, settings: Settings) -> None:
    with pytest.raises(StoreUnavailable):
        Store(replace(settings, redis_url=url_of(server, trusting(authority)))).ping()


def test_a_wrong_password_is_refused(
    server: Server, authority: Authority, client: Identity, settings: Settings
) -> None:
    url = url_of(server, trusting(authority, client), login="coatcheck:guessed")
    with pytest.raises(StoreUnavailable, match="invalid username-password pair"):
        Store(replace(settings, redis_url=url)).ping()


def submitted_if_possible(store: Store) -> Job | None:
    try:
        return submitted(store)
    except StoreUnavailable:
        return None


def test_sentinels_and_servers_are_talked_to_by_tls(
    authority: Authority, client: Identity, settings: Settings, tmp_path: Path
) -> None:
    tls = options_of(authority.identify("group", "127.0.0.1"), authority)
    with RedisGroup(tmp_path / "group", tls=tls, **called("redis-server")) as group:
        settings = replace(settings, redis_url=f"{group.url}&ssl=true&{trusting(authority, client)}", lease=30)
        store = Store(settings)
        with Worker(settings, tmp_path, concurrency=1):
            job = submitted(store)
            eventually(lambda: store.find(job.id).status is JobStatus.SUCCEEDED)
            group.replicate()
            group.fail_over()
            after = eventually(lambda: submitted_if_possible(store))
            eventually(lambda: after is not None and store.find(after.id).status is JobStatus.SUCCEEDED, within=30)

"""The doctor on Redis: each thing that can be wrong with it is made wrong, and found."""

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from doctored import a_free_address, furnish
from redis import Redis
from slow_path import a_slow_path
from waiting import eventually

from jobs.settings import Settings
from jobs.store import Store
from stack.doctor import server as server_checks
from stack.doctor.clock import check_clock
from stack.doctor.examination import MACHINE_CHECKS, SERVICE_CHECKS, examine
from stack.doctor.finding import Verdict
from stack.doctor.patient import meet
from stack.doctor.server import check_latency, check_replication, check_version
from stack.redis_server import EmbeddedRedis

#: Depend on the machine that the tests run on, not on the service.
MACHINE = {"disk space", "open files"}


@pytest.fixture
def redis() -> Iterator[EmbeddedRedis]:
    """A Redis that a test may break."""
    with (
        tempfile.TemporaryDirectory(prefix="coatcheck-", ignore_cleanup_errors=True) as folder,
        EmbeddedRedis(data_dir=Path(folder, "redis"), address=a_free_address()) as server,
    ):
        yield server


@pytest.fixture
def service(redis: EmbeddedRedis, tmp_path: Path) -> Settings:
    """A service in it of which nothing is wrong."""
    settings = Settings(redis_url=redis.url, namespace=f"test-{uuid4().hex[:12]}", data_dir=str(tmp_path))
    store = Store(settings)
    furnish(store)
    store.redis.close()
    return settings


@pytest.fixture
def client(redis: EmbeddedRedis) -> Iterator[Redis]:
    with Redis(port=redis.address.port) as client:
        yield client


def test_nothing_is_found_in_a_sound_service(service: Settings) -> None:
    found = examine(service)
    assert {name: finding for name, finding in found.items() if finding.verdict is not Verdict.OK} == {
        name: found[name] for name in MACHINE if found[name].verdict is not Verdict.OK
    }


def test_every_check_is_explained() -> None:
    page = (Path(__file__).parents[2] / "docs" / "operations" / "doctor.md").read_text("utf-8")
    explained = {
        name for line in page.splitlines() if line.startswith("| ") for name in line[2:].split(" |")[0].split(", ")
    }
    assert SERVICE_CHECKS.keys() | MACHINE_CHECKS.keys() <= explained


def test_of_a_redis_that_is_away_only_that_is_told_and_this_machine_looked_at(
    service: Settings, redis: EmbeddedRedis
) -> None:
    redis.kill()
    found = examine(replace(service, redis_url=service.redis_url.replace("//", "//:hunter2@")))
    assert set(found) == {"redis", "storage", "disk space", "open files", "times"}
    assert (found["redis"].verdict, "hunter2" in found["redis"].found) == (Verdict.FAIL, False)


def test_an_old_redis_fails(service: Settings) -> None:
    old = replace(meet(service), info={"redis_version": "6.0.16"})
    assert check_version(old).verdict is Verdict.FAIL


def test_the_oldest_redis_that_will_do_passes(service: Settings) -> None:
    found = check_version(replace(meet(service), info={"redis_version": "6.2.0"}))
    assert (found.verdict, "Redis 6.2.0 at" in found.found) == (Verdict.OK, True)


def test_a_policy_that_evicts_fails_where_the_memory_is_limited(service: Settings, client: Redis) -> None:
    client.config_set("maxmemory-policy", "allkeys-lru")
    assert examine(service)["eviction"].verdict is Verdict.WARN
    client.config_set("maxmemory", "100mb")
    found = examine(service)["eviction"]
    assert (found.verdict, found.found.partition(":")[0]) == (Verdict.FAIL, "allkeys-lru")


@pytest.mark.parametrize(("share", "verdict"), [(0.5, Verdict.OK), (0.85, Verdict.WARN), (0.99, Verdict.FAIL)])
def test_memory_that_gets_tight_is_told(service: Settings, client: Redis, share: float, verdict: Verdict) -> None:
    client.set("filling", b"x" * 20_000_000)
    client.config_set("maxmemory", int(client.info("memory")["used_memory"] / share))
    assert examine(service)["memory"].verdict is verdict


def test_a_redis_that_keeps_nothing_fails(service: Settings, client: Redis) -> None:
    client.config_set("appendonly", "no")
    found = examine(service)
    assert (found["persistence"].verdict, found["fsync"].verdict) == (Verdict.FAIL, Verdict.UNKNOWN)


def test_snapshots_alone_are_warned_of(service: Settings, client: Redis) -> None:
    client.config_set("appendonly", "no")
    client.config_set("save", "3600 1")
    assert examine(service)["persistence"].verdict is Verdict.WARN


def test_a_snapshot_that_could_not_be_written_fails(service: Settings, redis: EmbeddedRedis, client: Redis) -> None:
    client.config_set("save", "3600 1")
    shutil.rmtree(redis.data_dir)
    client.bgsave()
    eventually(lambda: client.info("persistence")["rdb_last_bgsave_status"] == "err")
    found = examine(service)["disk writes"]
    assert (found.verdict, found.found) == (Verdict.FAIL, "The last one failed: snapshot.")


def test_a_master_without_the_replicas_that_it_needs_fails(service: Settings, client: Redis) -> None:
    client.config_set("min-replicas-to-write", "1")
    found = examine(service)["replication"]
    assert (found.verdict, "0 of the 1 replicas" in found.found) == (Verdict.FAIL, True)


def test_a_file_that_is_never_synced_is_warned_of(service: Settings, client: Redis) -> None:
    client.config_set("appendfsync", "no")
    assert examine(service)["fsync"].verdict is Verdict.WARN


def test_a_slow_redis_is_warned_of(service: Settings, redis: EmbeddedRedis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_checks, "ROUND_TRIPS", 5)
    with a_slow_path(redis.address.port, delay=0.02) as port:
        patient = meet(replace(service, redis_url=f"redis://127.0.0.1:{port}/0", redis_timeout=10))
        assert check_latency(patient).verdict is Verdict.WARN
        patient.store.redis.close()


def test_a_redis_near_the_time_out_fails(
    service: Settings, redis: EmbeddedRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_checks, "ROUND_TRIPS", 3)
    with a_slow_path(redis.address.port, delay=0.6) as port:
        patient = meet(replace(service, redis_url=f"redis://127.0.0.1:{port}/0", redis_timeout=2))
        assert check_latency(patient).verdict is Verdict.FAIL
        patient.store.redis.close()


@pytest.mark.parametrize(("share", "verdict"), [(0.5, Verdict.OK), (0.9, Verdict.WARN), (1.0, Verdict.FAIL)])
def test_connections_that_run_out_are_told(service: Settings, client: Redis, share: float, verdict: Verdict) -> None:
    patient = meet(service)
    with ExitStack() as crowd:
        for _ in range(20):
            crowd.enter_context(Redis(port=client.connection_pool.connection_kwargs["port"])).ping()
        client.config_set("maxclients", int(client.info("clients")["connected_clients"] / share))
        assert server_checks.check_clients(replace(patient, info=client.info())).verdict is verdict
    patient.store.redis.close()


def test_a_replica_fails(service: Settings, redis: EmbeddedRedis, tmp_path: Path) -> None:
    with (
        EmbeddedRedis(data_dir=tmp_path / "replica", address=a_free_address()) as replica,
        Redis(port=replica.address.port) as client,
    ):
        client.replicaof("127.0.0.1", str(redis.address.port))
        eventually(lambda: client.info("replication")["master_link_status"] == "up")
        assert examine(replace(service, redis_url=replica.url))["replication"].verdict is Verdict.FAIL
        eventually(lambda: examine(service)["replication"].found == "The master, with 1 replica.")


def test_a_replica_that_falls_behind_is_warned_of(service: Settings) -> None:
    late = {"role": "master", "slave0": {"ip": "10.0.0.2", "port": 6379, "state": "online", "lag": 11}}
    found = check_replication(replace(meet(service), info=late))
    assert (found.verdict, "10.0.0.2:6379" in found.found) == (Verdict.WARN, True)


def test_a_managed_redis_without_config_leaves_one_thing_unknown(service: Settings, client: Redis) -> None:
    client.acl_setuser(
        "managed",
        enabled=True,
        passwords=["+word"],
        keys=["*"],
        channels=["*"],
        categories=["+@all"],
        commands=["-config"],
    )
    found = examine(replace(service, redis_url=service.redis_url.replace("//", "//managed:word@")))
    assert [name for name, finding in found.items() if finding.verdict is Verdict.UNKNOWN] == ["fsync"]
    assert not [finding for finding in found.values() if finding.verdict is Verdict.FAIL]


def test_a_redis_that_says_nothing_of_itself_is_still_looked_at(service: Settings, client: Redis) -> None:
    commands = ["-config", "-info"]
    client.acl_setuser(
        "mute", enabled=True, passwords=["+word"], keys=["*"], channels=["*"], categories=["+@all"], commands=commands
    )
    found = examine(replace(service, redis_url=service.redis_url.replace("//", "//mute:word@")))
    mute = {"redis", "connections", "replication", "eviction", "memory", "persistence", "disk writes", "fsync"}
    assert {name for name, finding in found.items() if finding.verdict is Verdict.UNKNOWN} == mute
    assert found["workers"].verdict is Verdict.OK


@pytest.mark.parametrize(("off", "verdict"), [(0, Verdict.OK), (-5, Verdict.WARN), (60, Verdict.FAIL)])
def test_clocks_that_are_apart_are_told(service: Settings, off: float, verdict: Verdict) -> None:
    assert check_clock(replace(meet(service), clock=lambda: time.time() + off)).verdict is verdict

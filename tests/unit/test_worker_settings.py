"""What a worker makes of its settings: its broker and its share of the cores."""

import os
import subprocess
import sys

import pytest

from jobs.settings import Settings
from worker.broker import broker_url, configuration
from worker.native_threads import share_of_cores


@pytest.mark.parametrize(
    ("redis", "kombu"),
    [
        ("redis://localhost:6379/0", "redis://localhost:6379/0"),
        ("rediss://:pw@host:6379/1", "rediss://:pw@host:6379/1"),
        ("unix:///tmp/a.sock", "redis+socket:///tmp/a.sock?virtual_host=0"),
        ("unix:///tmp/a.sock?db=3", "redis+socket:///tmp/a.sock?virtual_host=3"),
        ("unix://:pw@/tmp/a.sock?db=3", "redis+socket://:pw@/tmp/a.sock?virtual_host=3"),
        ("rediss://host/1?ssl_ca_certs=/ca.pem", "rediss://host:6379/1"),
        ("sentinel://me:p%3B@a,[::1]:7/2?master=m", "sentinel://me:p%3B@a:26379/2;sentinel://me:p%3B@[::1]:7/2"),
    ],
)
def test_the_redis_url_is_spelled_as_kombu_does(redis: str, kombu: str) -> None:
    assert broker_url(redis) == kombu


def test_sentinels_and_certificates_are_told_to_kombu_too() -> None:
    url = "sentinel://host/0?master=front&sentinel_password=w&ssl=true&ssl_ca_certs=/ca.pem"
    told = configuration(Settings(redis_url=url))
    transport = told["broker_transport_options"]
    assert isinstance(transport, dict)
    assert transport["master_name"] == "front"
    assert transport["sentinel_kwargs"].items() >= {"password": "w", "ssl": True, "ssl_ca_certs": "/ca.pem"}.items()
    assert told["broker_use_ssl"] == {
        "ssl_ca_certs": "/ca.pem",
        "ssl_cert_reqs": "required",
        "ssl_check_hostname": True,
    }


def test_rabbitmq_is_told_nothing_that_is_about_redis() -> None:
    told = configuration(Settings(redis_url="rediss://host/0", broker_url="amqp://me:pw@host/ours"))
    assert told["broker_url"] == "amqp://me:pw@host:5672/ours"
    assert told["broker_use_ssl"] is None
    assert "worker_disable_prefetch" not in told
    [queue] = told["task_queues"]  # type: ignore[misc]
    assert queue.queue_arguments == {"x-max-priority": 8}
    # Else RabbitMQ would send all that it has to the first worker that asks.
    assert not queue.no_ack


def test_from_redis_a_message_is_the_workers_once_it_is_taken() -> None:
    told = configuration(Settings())
    [queue] = told["task_queues"]  # type: ignore[misc]
    assert queue.no_ack
    transport = told["broker_transport_options"]
    assert isinstance(transport, dict)
    assert transport["ack_emulation"] is False


def test_two_services_in_one_redis_share_no_queue() -> None:
    one, other = (configuration(Settings(namespace=name)) for name in ("one", "other"))
    assert one["task_default_queue"] != other["task_default_queue"]
    assert one["task_queues"] != other["task_queues"]
    assert one["event_exchange"] != other["event_exchange"]


def test_no_count_of_unacknowledged_messages_limits_what_a_worker_takes() -> None:
    told = configuration(Settings())
    assert (told["worker_disable_prefetch"], told["worker_prefetch_multiplier"]) == (True, 0)


@pytest.mark.parametrize(("concurrency", "share"), [(1, 4), (2, 2), (3, 1), (4, 1), (64, 1)])
def test_cores_are_shared_among_the_jobs_at_once(monkeypatch: pytest.MonkeyPatch, concurrency: int, share: int) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 3}, raising=False)
    assert share_of_cores(concurrency) == share


def test_native_libraries_keep_to_the_limit() -> None:
    program = """
from worker.native_threads import limit_before_import, limit_loaded
limit_before_import(1)
import numpy, sklearn.cluster, threadpoolctl
limit_loaded()
print({pool["num_threads"] for pool in threadpoolctl.threadpool_info()})
"""
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    told = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    assert told.stdout.strip() == "{1}"

"""Celery's configuration: which Redis it listens to, and what it must not do since the store does it."""

from urllib.parse import parse_qs, urlsplit

from kombu import Queue

from jobs.job import STEPS
from jobs.settings import Settings

#: How long a message that a worker has taken but not started stays with it before kombu gives it to another, seconds.
#: Longer than an outage with its reconnecting; a job that is delivered twice is claimed once.
VISIBILITY = 60


def broker_url(redis_url: str) -> str:
    """The Redis URL as kombu spells it: a unix socket is ``redis+socket:///path?virtual_host=0`` there."""
    parts = urlsplit(redis_url)
    if parts.scheme != "unix":
        return redis_url
    database = parse_qs(parts.query).get("db", ["0"])[0]
    login = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
    return f"redis+socket://{login}{parts.path}?virtual_host={database}"


def configuration(settings: Settings) -> dict[str, object]:
    """Every setting of Celery that differs from its default."""
    return {
        "broker_url": broker_url(settings.redis_url),
        "broker_transport_options": _transport(settings),
        "broker_connection_retry_on_startup": True,
        # 100 by default; a worker waits for Redis for as long as it takes.
        "broker_connection_max_retries": None,
        "task_default_queue": settings.namespace,
        "task_queues": [Queue(settings.namespace)],
        "task_serializer": "json",
        "accept_content": ["json"],
        # The store has the results and the truth.
        "result_backend": None,
        "task_ignore_result": True,
        # Early acknowledgement; the job's lease carries the recovery.
        "task_acks_late": False,
        "worker_consumer": "worker.celery_consumer:SteadyConsumer",
        # What native code leaks goes with its process; Celery counts memory in KiB.
        "worker_max_tasks_per_child": settings.recycle_after,
        "worker_max_memory_per_child": settings.recycle_above // 1024,
        # A worker takes a message when a process is free, so nothing waits behind a long job.
        "worker_disable_prefetch": True,
        # No second limit by unacknowledged messages: one whose acknowledgement failed with Redis away counts as
        # unacknowledged until the worker reconnects, which it does only when it wants the next message. As many of
        # those as there are processes, and the worker would never want one again.
        "worker_prefetch_multiplier": 0,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "worker_enable_remote_control": False,
        "worker_send_task_events": False,
        "worker_hijack_root_logger": False,
        "worker_redirect_stdouts": False,
    }


def _transport(settings: Settings) -> dict[str, object]:
    return {
        "visibility_timeout": VISIBILITY,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "unacked_mutex_expire": 30,
        # kombu shares these among all who use a Redis database, unless they are named.
        "unacked_key": f"{settings.namespace}:unacked",
        "unacked_index_key": f"{settings.namespace}:unacked_index",
        "unacked_mutex_key": f"{settings.namespace}:unacked_mutex",
        "queue_order_strategy": "priority",
        "priority_steps": list(STEPS),
        "socket_timeout": max(5.0, settings.redis_timeout),
        "socket_connect_timeout": max(1.0, settings.redis_timeout),
        "socket_keepalive": True,
    }

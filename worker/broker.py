"""Celery's configuration: which broker it listens to, and what it must not do since the store does it."""

from urllib.parse import quote

from kombu import Queue

from jobs.broker_url import BrokerUrl, parse_broker_url
from jobs.internal import SUFFIX
from jobs.job import STEPS
from jobs.queues.rabbitmq import ARGUMENTS
from jobs.redis_url import RedisUrl, parse_redis_url
from jobs.sentinels import sentinel_options
from jobs.settings import Settings

#: How long RabbitMQ may say nothing until it is taken for gone, seconds.
SILENCE = 20


def broker_url(redis_url: str) -> str:
    """The Redis URL as kombu spells it: a unix socket is ``redis+socket:///path?virtual_host=0`` there, and Sentinels
    are URLs of their own with a semicolon between them.
    """
    told = parse_redis_url(redis_url)
    login = _login(told)
    if told.scheme == "unix":
        return f"redis+socket://{login}{quote(told.path)}?virtual_host={told.database}"
    return ";".join(f"{told.scheme}://{login}{_place(*node)}/{told.database}" for node in told.nodes)


def _login(told: RedisUrl) -> str:
    if not told.login:
        return ""
    return f"{quote(told.username, safe='')}:{quote(told.password, safe='')}@"


def _place(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def configuration(settings: Settings) -> dict[str, object]:
    """Every setting of Celery that differs from its default."""
    broker = parse_broker_url(settings.broker_url)
    return {
        **(_redis(settings) if broker is None else _rabbitmq(settings, broker)),
        "broker_connection_retry_on_startup": True,
        # 100 by default; a worker waits for Redis for as long as it takes.
        "broker_connection_max_retries": None,
        "task_default_queue": settings.namespace,
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
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "worker_enable_remote_control": False,
        "worker_send_task_events": settings.events,
        # Of internal jobs, too, so that one Flower shows all workers of a service, and of no other on the same Redis.
        "event_exchange": f"{settings.namespace.removesuffix(SUFFIX)}.events",
        "worker_hijack_root_logger": False,
        "worker_redirect_stdouts": False,
    }


def _redis(settings: Settings) -> dict[str, object]:
    return {
        "broker_url": broker_url(settings.redis_url),
        "broker_use_ssl": _tls(settings),
        "broker_transport_options": _transport(settings),
        # A message is the worker's once it is popped. kombu would note it in Redis until it is acknowledged, to give it
        # to another worker after an hour; a lost one is found by the sweep, and sooner.
        "task_queues": [Queue(settings.namespace, no_ack=True)],
        # A worker takes a message when a process is free, so nothing waits behind a long job.
        "worker_disable_prefetch": True,
        # No limit by unacknowledged messages, for there are none; nor one that Celery lowers after an outage.
        "worker_prefetch_multiplier": 0,
    }


def _rabbitmq(settings: Settings, broker: BrokerUrl) -> dict[str, object]:
    return {
        "broker_url": broker.for_kombu,
        "broker_use_ssl": dict(broker.tls) if broker.tls is not None else None,
        "broker_transport_options": {"read_timeout": SILENCE, "write_timeout": SILENCE},
        # Twice in that time both sides say that they are there.
        "broker_heartbeat": SILENCE,
        "task_queues": [Queue(settings.namespace, queue_arguments=ARGUMENTS)],
        # One at a time; worker.turnstile lets the next one in.
        "worker_prefetch_multiplier": 1,
        "worker_enable_prefetch_count_reduction": False,
    }


def _tls(settings: Settings) -> dict[str, object] | None:
    """redis-py's options about TLS. There are some wherever there is TLS: kombu takes none to mean that it is off."""
    told = parse_redis_url(settings.redis_url).tls
    return dict(told) if told is not None else None


def _sentinels(settings: Settings) -> dict[str, object]:
    told = parse_redis_url(settings.redis_url)
    if told.scheme != "sentinel":
        return {}
    return {"master_name": told.master, "sentinel_kwargs": sentinel_options(told, timeout=settings.redis_timeout)}


def _transport(settings: Settings) -> dict[str, object]:
    return {
        **_sentinels(settings),
        # Nor does kombu lock and search every few seconds the notes that nobody makes; it has none at all then.
        "ack_emulation": False,
        "queue_order_strategy": "priority",
        "priority_steps": list(STEPS),
        "socket_timeout": max(5.0, settings.redis_timeout),
        "socket_connect_timeout": max(1.0, settings.redis_timeout),
        "socket_keepalive": True,
    }

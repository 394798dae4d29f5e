"""The settings: every ``COATCHECK_*`` variable, read once from the environment into one frozen value."""

import os
from dataclasses import MISSING, Field, dataclass, fields
from importlib.util import find_spec
from typing import cast

from environs import Env, EnvError, FileAwareEnv

from jobs import setting_kinds as kinds
from jobs.errors import SettingsError
from jobs.masking import without_password
from jobs.setting_kinds import DAY, Value

#: Every variable's name begins with it.
PREFIX = "COATCHECK_"

#: The variable with this at its end names a file that holds the value, as secrets of containers do.
FILE_SUFFIX = "_FILE"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Every setting of the service; ``docs/settings.md`` has the same list for operators."""

    #: The Redis that holds the jobs and carries the messages.
    redis_url: str = kinds.redis_url("redis://127.0.0.1:6379/0")
    #: What carries the jobs to the workers; API and workers need the same.
    engine: str = kinds.choice("celery", "celery", "rq")
    #: The broker that brings Celery's messages to the workers; "": Redis does. API and workers need the same.
    broker_url: str = kinds.broker_url("")
    #: How long a Redis command or connect may take, seconds.
    redis_timeout: float = kinds.seconds(0.8, least=0.05, most=30)
    #: Every Redis key begins with it; two services can share one Redis.
    namespace: str = kinds.text(
        "coatcheck",
        pattern=r"(?!.*\.internal\Z)[a-z0-9][a-z0-9_.-]{0,39}",
        allowed="1 to 40 of a-z 0-9 _ . -, without .internal at its end",
    )
    #: Where files live that belong to this service.
    data_dir: str = kinds.text(".coatcheck", pattern=r"[^\0]+", allowed="a folder")
    #: Where inputs and results lie that are too large for Redis; "" is ``blobs`` in the data dir.
    blob_url: str = kinds.blob_url("")
    #: Packages that hold analyses.
    analyses: tuple[str, ...] = kinds.packages(("tasks",))
    #: Address that the API listens on.
    host: str = kinds.text("127.0.0.1", pattern=r"[A-Za-z0-9_.:-]+", allowed="a host name or an IP address")
    #: Port that the API listens on; 0 picks a free one.
    port: int = kinds.count(8000, least=0, most=65535)
    #: Whether to serve without API keys; `coatcheck up` on a loopback address does unless this says otherwise.
    open: bool = kinds.switch(default=False)
    #: How many proxies in front of the API are trusted to say ``X-Forwarded-*``.
    trusted_proxies: int = kinds.count(0, least=0, most=10)
    #: Host names that the service goes by beside IP addresses and names without a dot; set or open, others are refused.
    allowed_hosts: tuple[str, ...] = kinds.host_names()
    #: Origins whose web pages may use the service (CORS).
    cors_origins: tuple[str, ...] = kinds.origins()
    #: API processes.
    api_processes: int = kinds.count(2, least=1, most=256)
    #: How long a request's headers may take from their first byte to their last, seconds.
    head_timeout: float = kinds.seconds(10, least=0.1, most=600)
    #: How long a client may send nothing of a body that it owes, or take nothing of its answer, seconds.
    stall_timeout: float = kinds.seconds(30, least=0.1, most=600)
    #: Least speed of a body that comes and of an answer that is taken, in the long run, bytes a second.
    least_speed: int = kinds.count(16384, least=1, most=2**30, unit="bytes")
    #: Queued jobs that a caller may have before the next ones go behind other callers' jobs.
    few_queued: int = kinds.count(4, least=1, most=1_000_000)
    #: Queued jobs that a caller may have before the next ones go behind those as well.
    many_queued: int = kinds.count(64, least=1, most=1_000_000)
    #: Jobs of a caller that may be queued or running at once; 0: without limit.
    max_active: int = kinds.count(10_000, least=0, most=10_000_000)
    #: Jobs of all callers that may be queued; 0: without limit.
    max_queued: int = kinds.count(100_000, least=0, most=10_000_000)
    #: Jobs a minute that a caller may submit; 0: without limit.
    rate_limit: int = kinds.count(0, least=0, most=1_000_000)
    #: Jobs that a caller may submit at once within that limit.
    rate_burst: int = kinds.count(60, least=1, most=1_000_000)
    #: Jobs that one worker runs at once.
    concurrency: int = kinds.count(2, least=1, most=256)
    #: Memory that a job may take beside what its process has anyway, bytes; 0: as much as there is.
    memory: int = kinds.count(0, least=0, most=2**50, unit="bytes")
    #: Jobs after which a process of a worker is replaced by a fresh one.
    recycle_after: int = kinds.count(500, least=1, most=1_000_000)
    #: Resident memory above which a process of a worker is replaced after its job, bytes.
    recycle_above: int = kinds.count(2 * 2**30, least=2**20, most=2**50, unit="bytes")
    #: First wait before a run that failed with a ``retry_on`` error is tried again, seconds; doubled each time.
    retry_delay: float = kinds.seconds(2, least=0.01, most=3600)
    #: Longest such wait, seconds.
    max_retry_delay: float = kinds.seconds(600, least=0.01, most=86400)
    #: Largest request body, bytes.
    max_body: int = kinds.count(32 * 2**20, least=1024, most=2**31, unit="bytes")
    #: Largest data set, bytes, as it is when it is not compressed.
    max_dataset: int = kinds.count(2 * 2**30, least=1024, most=2**40, unit="bytes")
    #: How long a data set is kept after it was last used, seconds.
    dataset_ttl: float = kinds.seconds(7 * DAY, least=1, most=365 * DAY)
    #: Largest input or result that is kept in Redis itself, bytes; larger ones go to the blob store.
    inline_limit: int = kinds.count(512 * 2**10, least=0, most=64 * 2**20, unit="bytes")
    #: Largest result, bytes.
    max_result: int = kinds.count(64 * 2**20, least=1024, most=2**31, unit="bytes")
    #: Longest run of an analysis that names no ``timeout`` of its own, seconds.
    timeout: float = kinds.seconds(3600, least=0.1, most=30 * DAY)
    #: Longest ``timeout`` that a client may ask for, seconds.
    max_timeout: float = kinds.seconds(DAY, least=0.1, most=30 * DAY)
    #: Attempts that a job has when its worker dies.
    max_attempts: int = kinds.count(3, least=1, most=100)
    #: How long a running job stays with a worker that is not heard of, seconds.
    lease: float = kinds.seconds(15, least=1, most=600)
    #: How often a worker renews its leases and sweeps, seconds.
    heartbeat: float = kinds.seconds(1, least=0.05, most=60)
    #: How long a job that was asked to end may take before its process is killed, seconds.
    kill_grace: float = kinds.seconds(5, least=0.1, most=600)
    #: How long a stopping worker lets its running jobs finish, seconds.
    stop_grace: float = kinds.seconds(30, least=0.1, most=3600)
    #: How long a queued job may miss its message before the sweep sends it again, seconds.
    resend_after: float = kinds.seconds(10, least=0.1, most=3600)
    #: How long a result is kept, seconds.
    result_ttl: float = kinds.seconds(DAY, least=1, most=365 * DAY)
    #: How long after its result a job is still known, seconds.
    tombstone_ttl: float = kinds.seconds(7 * DAY, least=1, most=365 * DAY)
    #: Internal jobs, such as webhooks to deliver, that one internal worker runs at once.
    internal_concurrency: int = kinds.count(2, least=1, most=256)
    #: Waits before a webhook that was not taken is tried again, one after the other, seconds.
    webhook_retries: tuple[str, ...] = kinds.delays("5", "300", "1800", "7200", "18000", "36000", "50400")
    #: How long one call of a webhook may take, seconds.
    webhook_timeout: float = kinds.seconds(15, least=0.1, most=50)
    #: Internal addresses that webhooks may go to all the same.
    webhook_allow: tuple[str, ...] = kinds.reach()
    #: How long a browser stays signed in to the dashboards, seconds.
    session_ttl: float = kinds.seconds(8 * 3600, least=1, most=30 * DAY)
    #: Whether RQ's dashboard may empty queues, and requeue and delete what is in them, too.
    rq_dashboard_control: bool = kinds.switch(default=False)
    #: Whether Celery workers tell what they do, for Flower.
    events: bool = kinds.switch(default=False)
    #: Address that Flower listens on.
    flower_host: str = kinds.text("127.0.0.1", pattern=r"[A-Za-z0-9_.:-]+", allowed="a host name or an IP address")
    #: Port that Flower listens on.
    flower_port: int = kinds.count(5555, least=1, most=65535)
    #: Path below which Flower is reached.
    flower_prefix: str = kinds.text("/flower", pattern=r"(/[A-Za-z0-9_~.-]+)+", allowed="a path such as /flower")
    #: Whether a proxy stands in front of Flower that lets in only who may see it.
    flower_behind_proxy: bool = kinds.switch(default=False)
    #: Whether everybody may read the figures for Prometheus; else an admin key is needed.
    metrics_open: bool = kinds.switch(default=False)
    #: Whether to send traces (OpenTelemetry) to where the variables ``OTEL_*`` say.
    tracing: bool = kinds.switch(default=False)
    #: The project of Sentry that unexpected errors are told to, or "".
    sentry_dsn: str = kinds.text(
        "",
        pattern=r"(https?://[^/\s@]+@[^/\s@]+/(\S*/)?\d+)?",
        allowed="the DSN of a Sentry project",
        secret=True,
    )
    #: Whether to log what is submitted and what comes of it, shortened and without what is known to be a secret.
    log_payloads: bool = kinds.switch(default=False)
    #: How log lines look.
    log_format: str = kinds.choice("console", "console", "json")
    #: Least level that is logged.
    log_level: str = kinds.choice("info", "debug", "info", "warning", "error")


def variable(setting: "Field[object]") -> str:
    """The environment variable of a field of :class:`Settings`."""
    return PREFIX + setting.name.upper()


def load_settings() -> Settings:
    """The settings of this process, from its environment.

    Raises:
        SettingsError: one line that names the variable, its value and what is allowed.

    """
    env = FileAwareEnv(file_suffix=FILE_SUFFIX, strip_whitespace=True)
    values = {setting.name: _read(env, setting) for setting in fields(Settings)}
    settings = Settings(**values)  # type: ignore[arg-type]
    if settings.engine == "rq" and find_spec("rq") is None:
        raise SettingsError(f"{PREFIX}ENGINE=rq: RQ is not installed here; coatcheck-service[rq] has it")
    if settings.broker_url:
        _check_broker(settings)
    if settings.timeout > settings.max_timeout:
        raise SettingsError(
            f"{PREFIX}TIMEOUT={settings.timeout:g}: allowed is at most {PREFIX}MAX_TIMEOUT={settings.max_timeout:g}"
        )
    if 3 * settings.heartbeat > settings.lease:
        raise SettingsError(
            f"{PREFIX}HEARTBEAT={settings.heartbeat:g}: allowed is at most a third of {PREFIX}LEASE={settings.lease:g}"
        )
    return settings


def _check_broker(settings: Settings) -> None:
    if settings.engine != "celery":
        raise SettingsError(f"{PREFIX}BROKER_URL: only Celery has a broker of its own, not {settings.engine}")
    if find_spec("amqp") is None:
        raise SettingsError(f"{PREFIX}BROKER_URL: amqp is not installed here; coatcheck-service[amqp] has it")


def _read(env: Env, setting: "Field[object]") -> Value:
    name, rules = variable(setting), setting.metadata
    if setting.default is MISSING:
        raise AssertionError(f"{name} has no default")
    try:
        value = getattr(env, rules["reads"])(name, setting.default, validate=rules["check"])
    except (EnvError, ValueError):
        raise SettingsError(_refusal(name, rules["allowed"], secret=rules["secret"])) from None
    return tuple(value) if isinstance(value, list) else cast("Value", value)


def _refusal(name: str, allowed: str, *, secret: bool) -> str:
    if file := os.environ.get(name + FILE_SUFFIX):
        # What is in a file is likely to be a secret.
        return f"{name}{FILE_SUFFIX}={file}: allowed is a readable file with {allowed}"
    found = os.environ.get(name, "")
    return f"{name}={without_password(found) if secret else found}: allowed is {allowed}"


def is_given(name: str) -> bool:
    """Whether the environment gives this field of :class:`Settings`, itself or as a file."""
    variable_name = f"{PREFIX}{name.upper()}"
    return bool(os.environ.get(variable_name) or os.environ.get(variable_name + FILE_SUFFIX))

"""The settings: every ``COATCHECK_*`` variable, read once from the environment into one frozen value."""

import os
import re
from collections.abc import Callable
from dataclasses import MISSING, Field, dataclass, field, fields
from importlib.util import find_spec
from typing import cast
from urllib.parse import urlsplit, urlunsplit

from environs import Env, EnvError, FileAwareEnv
from fsspec import available_protocols
from marshmallow.validate import OneOf, Range, Regexp

from jobs.broker_url import parse_broker_url
from jobs.errors import SettingsError
from jobs.redis_url import parse_redis_url
from jobs.webhook_address import Reach

#: Every variable's name begins with it.
PREFIX = "COATCHECK_"

#: The variable with this at its end names a file that holds the value, as secrets of containers do.
FILE_SUFFIX = "_FILE"

#: What a setting can be.
Value = str | int | float | bool | tuple[str, ...]

_DAY = 24 * 3600


def _setting(
    default: Value,
    *,
    reads: str,
    allowed: str,
    check: Callable[..., object] | None = None,
    secret: bool = False,
) -> Value:
    """A field of :class:`Settings`: which environs parser reads it, what is allowed, and what refuses the rest."""
    metadata = {"reads": reads, "allowed": allowed, "check": check, "secret": secret}
    return field(default=default, metadata=metadata)


def _seconds(default: float, *, least: float, most: float) -> float:
    allowed = f"seconds from {least:.9g} to {most:.9g}"
    return cast("float", _setting(default, reads="float", allowed=allowed, check=Range(least, most)))


def _count(default: int, *, least: int, most: int, unit: str = "a whole number") -> int:
    allowed = f"{unit} from {least} to {most}"
    return cast("int", _setting(default, reads="int", allowed=allowed, check=Range(least, most)))


def _text(default: str, *, pattern: str, allowed: str, secret: bool = False) -> str:
    check = Regexp(re.compile(pattern + r"\Z"))
    return cast("str", _setting(default, reads="str", allowed=allowed, check=check, secret=secret))


def _choice(default: str, *choices: str) -> str:
    return cast("str", _setting(default, reads="str", allowed=" or ".join(choices), check=OneOf(choices)))


def _packages(default: tuple[str, ...]) -> tuple[str, ...]:
    allowed = "names of Python packages, separated by commas"
    return cast("tuple[str, ...]", _setting(default, reads="list", allowed=allowed, check=_names_of_packages))


def _delays(*default: str) -> tuple[str, ...]:
    allowed = "seconds from 0 to 604800, separated by commas; at most 20"
    return cast("tuple[str, ...]", _setting(default, reads="list", allowed=allowed, check=_seconds_of_a_week))


def _host_names() -> tuple[str, ...]:
    allowed = "names of hosts, .example.org for all below example.org, or *, separated by commas"
    return cast("tuple[str, ...]", _setting((), reads="list", allowed=allowed, check=_names_of_hosts))


def _origins() -> tuple[str, ...]:
    allowed = "origins as browsers send them, such as https://app.example.org, separated by commas; or * alone"
    return cast("tuple[str, ...]", _setting((), reads="list", allowed=allowed, check=_origins_of_pages))


def _reach() -> tuple[str, ...]:
    allowed = "networks, addresses or names of hosts, separated by commas"
    return cast("tuple[str, ...]", _setting((), reads="list", allowed=allowed, check=Reach))


def _switch(*, default: bool) -> bool:
    return cast("bool", _setting(default, reads="bool", allowed="true or false"))


def _blob_url(default: str) -> str:
    allowed = "a URL of a protocol that fsspec knows, or an absolute folder"
    return cast("str", _setting(default, reads="str", allowed=allowed, check=_url_that_fsspec_knows, secret=True))


def _redis_url(default: str) -> str:
    allowed = (
        "redis://host:port/db, rediss://host:port/db, unix:///path.sock?db=0 or sentinel://host,host/db?master=name"
    )
    return cast("str", _setting(default, reads="str", allowed=allowed, check=parse_redis_url, secret=True))


def _broker_url(default: str) -> str:
    allowed = "amqp://user:password@host:port/vhost, amqps://user:password@host:port/vhost or nothing"
    return cast("str", _setting(default, reads="str", allowed=allowed, check=parse_broker_url, secret=True))


def _url_that_fsspec_knows(url: str) -> None:
    protocol, separator, rest = url.partition("://")
    if separator and rest and protocol in available_protocols():
        return
    if url and not url.startswith("/"):
        raise ValueError


def _names_of_packages(names: list[str]) -> None:
    if not names or not all(re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", name) for name in names):
        raise ValueError


def _names_of_hosts(names: list[str]) -> None:
    if not all(re.fullmatch(r"\*|\.?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*", name) for name in names):
        raise ValueError


def _origins_of_pages(origins: list[str]) -> None:
    """A browser leaves out the port that its scheme has anyway, and writes everything small."""
    origin = r"(?!http://.*:80\Z|https://.*:443\Z)[a-z][a-z0-9+.-]*://([a-z0-9_.-]+|\[[0-9a-f:]+\])(:[1-9][0-9]{0,4})?"
    if origins != ["*"] and not all(re.fullmatch(origin, each) for each in origins):
        raise ValueError


def _seconds_of_a_week(delays: list[str]) -> None:
    if len(delays) > 20 or not all(0 <= float(delay) <= 7 * _DAY for delay in delays):
        raise ValueError


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Every setting of the service; ``docs/settings.md`` has the same list for operators."""

    #: The Redis that holds the jobs and carries the messages.
    redis_url: str = _redis_url("redis://127.0.0.1:6379/0")
    #: What carries the jobs to the workers; API and workers need the same.
    engine: str = _choice("celery", "celery", "rq")
    #: The broker that brings Celery's messages to the workers; "": Redis does. API and workers need the same.
    broker_url: str = _broker_url("")
    #: How long a Redis command or connect may take, seconds.
    redis_timeout: float = _seconds(0.8, least=0.05, most=30)
    #: Every Redis key begins with it; two services can share one Redis.
    namespace: str = _text(
        "coatcheck",
        pattern=r"(?!.*\.internal\Z)[a-z0-9][a-z0-9_.-]{0,39}",
        allowed="1 to 40 of a-z 0-9 _ . -, without .internal at its end",
    )
    #: Where files live that belong to this service.
    data_dir: str = _text(".coatcheck", pattern=r"[^\0]+", allowed="a folder")
    #: Where inputs and results lie that are too large for Redis; "" is ``blobs`` in the data dir.
    blob_url: str = _blob_url("")
    #: Packages that hold analyses.
    analyses: tuple[str, ...] = _packages(("tasks",))
    #: Address that the API listens on.
    host: str = _text("127.0.0.1", pattern=r"[A-Za-z0-9_.:-]+", allowed="a host name or an IP address")
    #: Port that the API listens on; 0 picks a free one.
    port: int = _count(8000, least=0, most=65535)
    #: Whether to serve without API keys; `coatcheck up` on a loopback address does unless this says otherwise.
    open: bool = _switch(default=False)
    #: How many proxies in front of the API are trusted to say ``X-Forwarded-*``.
    trusted_proxies: int = _count(0, least=0, most=10)
    #: Host names that the service goes by beside IP addresses and names without a dot; set or open, others are refused.
    allowed_hosts: tuple[str, ...] = _host_names()
    #: Origins whose web pages may use the service (CORS).
    cors_origins: tuple[str, ...] = _origins()
    #: API processes.
    api_processes: int = _count(2, least=1, most=256)
    #: How long a request's headers may take from their first byte to their last, seconds.
    head_timeout: float = _seconds(10, least=0.1, most=600)
    #: How long a client may send nothing of a body that it owes, or take nothing of its answer, seconds.
    stall_timeout: float = _seconds(30, least=0.1, most=600)
    #: Least speed of a body that comes and of an answer that is taken, in the long run, bytes a second.
    least_speed: int = _count(16384, least=1, most=2**30, unit="bytes")
    #: Queued jobs that a caller may have before the next ones go behind other callers' jobs.
    few_queued: int = _count(4, least=1, most=1_000_000)
    #: Queued jobs that a caller may have before the next ones go behind those as well.
    many_queued: int = _count(64, least=1, most=1_000_000)
    #: Jobs of a caller that may be queued or running at once; 0: without limit.
    max_active: int = _count(10_000, least=0, most=10_000_000)
    #: Jobs of all callers that may be queued; 0: without limit.
    max_queued: int = _count(100_000, least=0, most=10_000_000)
    #: Jobs a minute that a caller may submit; 0: without limit.
    rate_limit: int = _count(0, least=0, most=1_000_000)
    #: Jobs that a caller may submit at once within that limit.
    rate_burst: int = _count(60, least=1, most=1_000_000)
    #: Jobs that one worker runs at once.
    concurrency: int = _count(2, least=1, most=256)
    #: Memory that a job may take beside what its process has anyway, bytes; 0: as much as there is.
    memory: int = _count(0, least=0, most=2**50, unit="bytes")
    #: Jobs after which a process of a worker is replaced by a fresh one.
    recycle_after: int = _count(500, least=1, most=1_000_000)
    #: Resident memory above which a process of a worker is replaced after its job, bytes.
    recycle_above: int = _count(2 * 2**30, least=2**20, most=2**50, unit="bytes")
    #: First wait before a run that failed with a ``retry_on`` error is tried again, seconds; doubled each time.
    retry_delay: float = _seconds(2, least=0.01, most=3600)
    #: Longest such wait, seconds.
    max_retry_delay: float = _seconds(600, least=0.01, most=86400)
    #: Largest request body, bytes.
    max_body: int = _count(32 * 2**20, least=1024, most=2**31, unit="bytes")
    #: Largest data set, bytes, as it is when it is not compressed.
    max_dataset: int = _count(2 * 2**30, least=1024, most=2**40, unit="bytes")
    #: How long a data set is kept after it was last used, seconds.
    dataset_ttl: float = _seconds(7 * _DAY, least=1, most=365 * _DAY)
    #: Largest input or result that is kept in Redis itself, bytes; larger ones go to the blob store.
    inline_limit: int = _count(512 * 2**10, least=0, most=64 * 2**20, unit="bytes")
    #: Largest result, bytes.
    max_result: int = _count(64 * 2**20, least=1024, most=2**31, unit="bytes")
    #: Longest run of an analysis that names no ``timeout`` of its own, seconds.
    timeout: float = _seconds(3600, least=0.1, most=30 * _DAY)
    #: Longest ``timeout`` that a client may ask for, seconds.
    max_timeout: float = _seconds(_DAY, least=0.1, most=30 * _DAY)
    #: Attempts that a job has when its worker dies.
    max_attempts: int = _count(3, least=1, most=100)
    #: How long a running job stays with a worker that is not heard of, seconds.
    lease: float = _seconds(15, least=1, most=600)
    #: How often a worker renews its leases and sweeps, seconds.
    heartbeat: float = _seconds(1, least=0.05, most=60)
    #: How long a job that was asked to end may take before its process is killed, seconds.
    kill_grace: float = _seconds(5, least=0.1, most=600)
    #: How long a stopping worker lets its running jobs finish, seconds.
    stop_grace: float = _seconds(30, least=0.1, most=3600)
    #: How long a queued job may miss its message before the sweep sends it again, seconds.
    resend_after: float = _seconds(10, least=0.1, most=3600)
    #: How long a result is kept, seconds.
    result_ttl: float = _seconds(_DAY, least=1, most=365 * _DAY)
    #: How long after its result a job is still known, seconds.
    tombstone_ttl: float = _seconds(7 * _DAY, least=1, most=365 * _DAY)
    #: Internal jobs, such as webhooks to deliver, that one internal worker runs at once.
    internal_concurrency: int = _count(2, least=1, most=256)
    #: Waits before a webhook that was not taken is tried again, one after the other, seconds.
    webhook_retries: tuple[str, ...] = _delays("5", "300", "1800", "7200", "18000", "36000", "50400")
    #: How long one call of a webhook may take, seconds.
    webhook_timeout: float = _seconds(15, least=0.1, most=50)
    #: Internal addresses that webhooks may go to all the same.
    webhook_allow: tuple[str, ...] = _reach()
    #: How long a browser stays signed in to the dashboards, seconds.
    session_ttl: float = _seconds(8 * 3600, least=1, most=30 * _DAY)
    #: Whether RQ's dashboard may empty queues, and requeue and delete what is in them, too.
    rq_dashboard_control: bool = _switch(default=False)
    #: Whether Celery workers tell what they do, for Flower.
    events: bool = _switch(default=False)
    #: Address that Flower listens on.
    flower_host: str = _text("127.0.0.1", pattern=r"[A-Za-z0-9_.:-]+", allowed="a host name or an IP address")
    #: Port that Flower listens on.
    flower_port: int = _count(5555, least=1, most=65535)
    #: Path below which Flower is reached.
    flower_prefix: str = _text("/flower", pattern=r"(/[A-Za-z0-9_~.-]+)+", allowed="a path such as /flower")
    #: Whether a proxy stands in front of Flower that lets in only who may see it.
    flower_behind_proxy: bool = _switch(default=False)
    #: Whether everybody may read the figures for Prometheus; else an admin key is needed.
    metrics_open: bool = _switch(default=False)
    #: Whether to send traces (OpenTelemetry) to where the variables ``OTEL_*`` say.
    tracing: bool = _switch(default=False)
    #: The project of Sentry that unexpected errors are told to, or "".
    sentry_dsn: str = _text(
        "",
        pattern=r"(https?://[^/\s@]+@[^/\s@]+/(\S*/)?\d+)?",
        allowed="the DSN of a Sentry project",
        secret=True,
    )
    #: Whether to log what is submitted and what comes of it, shortened and without what is known to be a secret.
    log_payloads: bool = _switch(default=False)
    #: How log lines look.
    log_format: str = _choice("console", "console", "json")
    #: Least level that is logged.
    log_level: str = _choice("info", "debug", "info", "warning", "error")


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


def without_password(url: str) -> str:
    """The URL with ``***`` in place of its passwords, for logs."""
    try:
        parts = urlsplit(url)
        password = parts.password
    except ValueError:
        return "***"
    if ":" in parts.netloc and "@" in url and "@" not in parts.netloc:
        # A password with a / ? or # that is not quoted seems to end the host; what follows is still secret.
        return f"{parts.scheme}://***@{url.rpartition('@')[2]}"
    place = parts.netloc if password is None else parts.netloc.replace(f":{password}@", ":***@")
    query = re.sub(r"((?:^|&)[^=&]*password=)[^&]*", r"\1***", parts.query)
    if (place, query) == (parts.netloc, parts.query):
        return url
    return urlunsplit(parts._replace(netloc=place, query=query))

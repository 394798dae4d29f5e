"""The figures of the service as Prometheus' metric families; names and units by its conventions.

Source: https://prometheus.io/docs/practices/naming/
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from jobs.counts import HTTP_BOUNDS, JOB_BOUNDS, REDIS_BOUNDS, Counts, Words
from jobs.figures import Figures
from jobs.job import FINAL
from jobs.roster import Role
from jobs.webhook_log import DeliveryState

#: What every name begins with.
_PREFIX = "coatcheck_"

_PER_SECOND = {"ms": 1e3, "us": 1e6}


def families_of(figures: Figures, analyses: Iterable[str]) -> Iterator[Metric]:
    """Every family, also those without a sample so far; the outcomes of these analyses are told from 0 on.

    A counter that begins at 1 has its first step where Prometheus doesn't see it.
    """
    yield from _of_jobs(figures.counts, analyses)
    yield from _of_queue(figures)
    yield from _of_processes(figures)
    yield from _of_internal_jobs(figures)
    yield from _of_http(figures.counts)
    yield from _of_redis(figures)


def gauge(name: str, help_text: str, value: float) -> Metric:
    """A family of one sample without labels."""
    return GaugeMetricFamily(_PREFIX + name, help_text, value=value)


def labeled_gauge(name: str, help_text: str, labels: Sequence[str], values: Mapping[Words, float]) -> Metric:
    """A family of a sample for each values of the labels."""
    family = GaugeMetricFamily(_PREFIX + name, help_text, labels=labels)
    for words, value in sorted(values.items()):
        family.add_metric(words, value)
    return family


def _counter(name: str, help_text: str, labels: Sequence[str], values: Mapping[Words, int]) -> Metric:
    family = CounterMetricFamily(_PREFIX + name, help_text, labels=labels)
    for words, value in sorted(values.items()):
        family.add_metric(words, value)
    return family


def _plain_counter(name: str, help_text: str, values: Mapping[Words, int]) -> Metric:
    """A counter without labels, which is 0 before it is counted first."""
    return _counter(name, help_text, (), {(): values.get((), 0)})


def _histogram(
    name: str, help_text: str, labels: Sequence[str], counts: Counts, *, of: str, bounds: Sequence[int], unit: str
) -> Metric:
    family = HistogramMetricFamily(_PREFIX + name, help_text, labels=labels)
    share = _PER_SECOND[unit]
    for words, found in sorted(counts.times(of, bounds)):
        names = [*(repr(bound / share) for bound in bounds), "+Inf"]
        family.add_metric(words, list(zip(names, map(float, found.within), strict=True)), found.sum / share)
    return family


def _of_jobs(counts: Counts, analyses: Iterable[str]) -> Iterator[Metric]:
    none: dict[Words, int] = {(analysis, outcome.value): 0 for analysis in analyses for outcome in FINAL}
    yield _counter("jobs", "Jobs that have ended.", ("analysis", "outcome"), {**none, **counts.of("ended")})
    yield _counter("job_failures", "Jobs that have failed, by their cause.", ("analysis", "cause"), counts.of("failed"))
    yield _counter(
        "job_retries",
        "Runs that ended without an outcome; the job was queued again.",
        ("analysis", "reason"),
        counts.of("taken_back"),
    )
    yield _histogram(
        "job_wait_seconds",
        "How long jobs were queued before a worker claimed them.",
        ("analysis",),
        counts,
        of="waited",
        bounds=JOB_BOUNDS,
        unit="ms",
    )
    yield _histogram(
        "job_run_seconds",
        "How long the runs took that ended a job.",
        ("analysis",),
        counts,
        of="ran",
        bounds=JOB_BOUNDS,
        unit="ms",
    )
    yield _plain_counter(
        "leases_lapsed", "Runs whose worker was not heard of until their lease lapsed.", counts.of("lapsed")
    )
    yield _plain_counter("messages_resent", "Messages to workers that were lost and sent again.", counts.of("resent"))


def _of_queue(figures: Figures) -> Iterator[Metric]:
    queued: dict[Words, float] = {(priority.value,): number for priority, number in figures.queued.items()}
    yield labeled_gauge("queue_jobs", "Jobs that wait for a worker.", ("priority",), queued)
    yield gauge("queue_oldest_age_seconds", "How long the job has waited that was queued first.", figures.oldest)
    yield gauge("jobs_running", "Jobs that a worker has.", figures.running)
    yield gauge("jobs_put_off", "Jobs that wait for the time of their next attempt.", figures.put_off)
    yield gauge("jobs_known", "Jobs of which there is a record.", figures.known)
    yield gauge("datasets", "Data sets that can be used.", figures.datasets)


def _of_processes(figures: Figures) -> Iterator[Metric]:
    found: Counter[Words] = Counter((each.role.value, each.engine, each.version) for each in figures.members)
    yield labeled_gauge("processes", "Live processes.", ("role", "engine", "version"), found)
    slots: Counter[Words] = Counter({(role.value,): 0 for role in (Role.WORKER, Role.INTERNAL)})
    busy = slots.copy()
    for member in figures.members:
        if (role := (member.role.value,)) in slots:
            slots[role] += member.slots
            busy[role] += member.busy
    yield labeled_gauge("worker_slots", "Jobs that live workers can run at once.", ("role",), slots)
    yield labeled_gauge("worker_slots_busy", "Jobs that live workers run now.", ("role",), busy)


def _of_internal_jobs(figures: Figures) -> Iterator[Metric]:
    ended = figures.internal_counts.of("ended")
    yield _counter("internal_jobs", "Internal jobs that have ended.", ("job", "outcome"), ended)
    yield gauge("internal_queue_jobs", "Internal jobs that wait for a worker.", figures.internal_queued)
    yield gauge("webhooks_waiting", "Ended jobs whose webhook no internal worker has taken on.", figures.outbox)
    states = figures.counts.of("webhook")
    deliveries: dict[Words, int] = {
        ("retried" if state is DeliveryState.PENDING else state.value,): states.get((state.value,), 0)
        for state in DeliveryState
    }
    yield _counter("webhook_deliveries", "What calls of webhooks have come to.", ("outcome",), deliveries)


def _of_http(counts: Counts) -> Iterator[Metric]:
    labels = ("route", "method", "status")
    yield _counter("http_requests", "Requests that were answered.", labels, counts.of("http"))
    yield _histogram(
        "http_request_duration_seconds",
        "How long it took until the headers of the answer.",
        labels[:2],
        counts,
        of="http_time",
        bounds=HTTP_BOUNDS,
        unit="us",
    )


def _of_redis(figures: Figures) -> Iterator[Metric]:
    asked = {words: found.within[-1] for words, found in figures.counts.times("redis_time", REDIS_BOUNDS)}
    yield _counter("redis_round_trips", "How often Redis was asked to run a script.", ("role",), asked)
    yield _histogram(
        "redis_round_trip_seconds",
        "How long it took until Redis' reply was there.",
        ("role",),
        figures.counts,
        of="redis_time",
        bounds=REDIS_BOUNDS,
        unit="us",
    )
    if figures.memory is not None:
        yield gauge("redis_memory_bytes", "Memory that Redis has in use.", figures.memory.used)
        yield gauge("redis_memory_limit_bytes", "Memory that Redis may use; 0: no limit.", figures.memory.limit)

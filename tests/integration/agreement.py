"""Whether what stands in Redis is what the model says, to the last key."""

from collections.abc import Callable

from expected_job import CALLERS, RESULT_TTL, TOMBSTONE_TTL, Expected
from job_model import Model
from traces import MINUTE, Traces, half_minutes

from jobs.counts import JOB_BOUNDS, Counts
from jobs.job import FINAL, JobStatus


def assert_agreement(traces: Traces, model: Model) -> None:
    """Raises AssertionError where they differ."""
    there = {name: job for name, job in model.jobs.items() if model.is_there(name)}
    _same("jobs with a record", set(traces.records), set(there))
    for name, job in there.items():
        _same(f"record of {name}", _told(traces.records[name]), _expected_record(job))
        _same(f"expiries of {name}", _kinds(traces.expiries[name][:3]), _expected_kinds(job, model))
        _same(f"kept for ever of {name}", -1 in traces.expiries[name][3:] and job.status in FINAL, False)
        _same(f"told of {name}", traces.told[name], _expected_told(job, model))
    small = {name: job.result for name, job in there.items() if job.result and not job.result_blob}
    _same("results", traces.results, {name: small[name] for name in small if model.has_result(there[name])})
    _same("files", traces.files, set(model.files))
    _same("counts", _counted(traces.counts), dict(model.counts))
    _assert_times(traces.counts, "waited", model.waited)
    _assert_times(traces.counts, "ran", model.ran)
    _same("backlog", traces.backlog, model.backlog())
    _same("active", traces.active, model.active())
    _same("messages", traces.queues, model.queues)
    _same("indexes", traces.indexes, _expected_indexes(model))


def assert_counts_add_up(traces: Traces, submitted: int, forgotten: int) -> None:
    """Every job that was submitted and is not forgotten is in exactly one place."""
    lanes = [lane for name, lane in traces.indexes.items() if name.startswith("queued:")]
    places = [*lanes, traces.indexes["leases"], traces.indexes["due"], traces.indexes["finished"]]
    _same("jobs in all places", sum(map(len, places)), submitted - forgotten)
    _same("jobs in one place", len(set().union(*places)), submitted - forgotten)
    _same("callers with a backlog of nothing", [one for one, number in traces.backlog.items() if number <= 0], [])


def _counted(counts: Counts) -> dict[tuple[str, ...], int]:
    """What has happened, without how long it took."""
    kinds = ("ended", "failed", "taken_back", "lapsed", "resent")
    return {(kind, *words): number for kind in kinds for words, number in counts.of(kind).items()}


def _assert_times(counts: Counts, what: str, expected: list[int]) -> None:
    """As many times of a kind as expected, and all together as many minutes: each also took some real time, but no half
    minute of it.
    """
    found = [histogram for _, histogram in counts.times(what, JOB_BOUNDS)]
    _same(what, sum(each.within[-1] for each in found), len(expected))
    real = sum(each.sum for each in found) - sum(expected) * MINUTE
    assert 0 <= real <= len(expected) * MINUTE / 2, f"{what}: {real} ms more than the minutes that were let pass"


def _same(what: str, found: object, expected: object) -> None:
    assert found == expected, f"{what}\nin Redis:  {found}\nexpected:  {expected}"


def _told(record: dict[str, str]) -> dict[str, object]:
    """What a record says of the job's course; moments in minutes."""
    moments = {name: _minutes(record.get(name)) for name in ("created", "started", "finished", "expires", "stop_asked")}
    words = {name: record.get(name, "") for name in ("status", "cause", "worker", "data_blob", "result_blob")}
    numbers = {name: int(record[name]) for name in ("step", "attempt", "fence")}
    return {**moments, **words, **numbers, "finish_asked": "finish_asked" in record}


def _expected_record(job: Expected) -> dict[str, object]:
    final = job.status in FINAL
    return {
        "created": job.created,
        "started": job.started,
        "finished": job.ended,
        "expires": None if job.ended is None else job.ended + RESULT_TTL,
        "stop_asked": job.stop_asked,
        "status": job.status,
        "cause": job.cause or "",
        "worker": job.holder,
        "data_blob": job.data_blob,
        "result_blob": job.result_blob,
        "step": job.step,
        "attempt": job.attempt,
        "fence": job.fence,
        "finish_asked": job.finish_asked and not final,
    }


def _expected_told(job: Expected, model: Model) -> list[JobStatus]:
    """The last statuses, for older events are dropped; once the result has gone, the first and the last."""
    return job.told if model.has_result(job) else [job.told[0], job.told[-1]]


def _kinds(expiries: tuple[int, ...]) -> list[str]:
    return ["gone" if left == -2 else "for ever" if left == -1 else "expires" for left in expiries]


def _expected_kinds(job: Expected, model: Model) -> list[str]:
    """How long the record, the input and the result are kept: a final job leaves nothing for ever."""
    kept = "for ever" if job.status not in FINAL else "expires" if model.has_result(job) else "gone"
    record = "expires" if job.status in FINAL else "for ever"
    result = kept if job.result is not None and not job.result_blob else "gone"
    return [record, "gone" if job.data_blob else kept, result]


def _expected_indexes(model: Model) -> dict[str, dict[str, float]]:
    jobs = model.jobs
    lanes = {
        f"queued:{step}": _moments(model, lambda job, step=step: job.enqueued if job.step == step else None)
        for step in model.queues
    }
    gone = _moments(model, lambda job: None if job.ended is None else job.ended + RESULT_TTL)
    of_callers = {
        f"jobs:{caller}": {name: job.created for name, job in jobs.items() if job.submission.caller == caller}
        for caller in CALLERS
    }
    return (
        lanes
        | of_callers
        | {
            "outbox": model.outbox,
            "jobs": {name: job.created for name, job in jobs.items()},
            "leases": _moments(model, lambda job: job.lease),
            "waits": _moments(model, lambda job: job.wait),
            "due": _moments(model, lambda job: job.due),
            "finished": {
                f"{name} {jobs[name].submission.caller}": moment + TOMBSTONE_TTL for name, moment in gone.items()
            },
            "blobs": {name: goes for name, goes in model.files.items() if goes is not None},
        }
    )


def _moments(model: Model, moment_of: Callable[[Expected], float | None]) -> dict[str, float]:
    moments = {name: moment_of(job) for name, job in model.jobs.items()}
    return {name: moment for name, moment in moments.items() if moment is not None}


def _minutes(text: str | None) -> float | None:
    return None if text is None else half_minutes(int(text))


def is_final(record: dict[str, str]) -> bool:
    """Whether nothing in this record may change any more."""
    return JobStatus(record["status"]) in FINAL

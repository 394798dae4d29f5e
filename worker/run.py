"""One run: a job is claimed, its analysis computes, its outcome is settled; knows no queue engine."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import structlog

from jobs.claims import Claim
from jobs.errors import ClaimRefused, LeaseLost, StorageError, StoreUnavailable
from jobs.job import Cause, Failure, Job, JobStatus, Metrics
from jobs.leases import Leases
from jobs.masking import masked_bytes
from jobs.settings import Settings
from jobs.tracing import Attribute, is_tracing, mark_failed, span
from jobs.webhooks import Webhooks
from tasks import Catalog
from worker.compute import Computation, HandleOf, Outcome, PutOff, Success
from worker.handle import JobHandle
from worker.interrupt import Interrupt
from worker.meter import Meter

if TYPE_CHECKING:
    from opentelemetry.trace import Span

log = structlog.get_logger(__name__)

#: How long a run tries to settle while Redis is away, seconds; a result is worth the wait.
PATIENCE = 600.0
#: Wait between two tries, seconds.
PAUSE = 0.5

#: What a move of a job gives.
Moved = TypeVar("Moved")


@dataclass(frozen=True, kw_only=True)
class Runner:
    """Runs the jobs that reach this process, one after the other."""

    settings: Settings
    catalog: Catalog
    leases: Leases
    interrupt: Interrupt
    #: Makes what an analysis sees as its ``job``.
    handle_of: HandleOf = JobHandle
    #: Told of each job that this process has settled.
    webhooks: Webhooks | None = None

    def run(self, job_id: str) -> JobStatus | None:
        """Runs the job if it can be claimed; whatever its analysis does, an outcome is settled.

        Returns how the job stands then, None where it was not this run that settled it.
        """
        try:
            # Asked again the claim is the same one; its reply may have been lost though it was made.
            claim = _patiently(
                lambda: self.leases.claim(job_id), patience=self.settings.lease, saying="job.not_claimed_yet"
            )
        except ClaimRefused as refused:
            log.info("job.claim_refused", job=job_id, reason=refused.reason)
            return None
        except StoreUnavailable as error:
            # The sweep finds it: without a message if it is queued, with a lapsed lease if it was claimed after all.
            log.warning("job.not_claimed", job=job_id, error=str(error))
            return None
        with structlog.contextvars.bound_contextvars(**_found_by(claim.job)), _traced(claim.job) as made:
            log.info("job.claimed", attempt=claim.job.attempt, worker=claim.job.worker)
            return self._run_claimed(claim, made)

    def _run_claimed(self, claim: Claim, made: "Span | None") -> JobStatus | None:
        meter = Meter()
        computation = Computation(
            settings=self.settings, catalog=self.catalog, leases=self.leases, handle_of=self.handle_of
        )
        with span("compute"):
            outcome = computation.outcome_of(claim, interrupt=self.interrupt)
        try:
            with span("settle"):
                status = self._settle(claim, outcome, metrics=meter.read())
        except LeaseLost as lost:
            log.warning("job.outcome_discarded", reason=lost.reason)
            mark_failed(made, "lease lost")
            return None
        cause = outcome.cause if isinstance(outcome, Failure) else None
        log.info("job.settled", status=status, cause=cause)
        if self.settings.log_payloads and isinstance(outcome, Success):
            log.info("job.result", result=masked_bytes(outcome.result))
        if made is not None:
            made.set_attribute("coatcheck.status", status)
        if cause is not None and cause is not Cause.REJECTED:
            mark_failed(made, cause)
        if self.webhooks is not None:
            self.webhooks.dispatch_soon(claim.job)
        return status

    def _succeed(self, claim: Claim, success: Success, *, metrics: Metrics) -> JobStatus:
        return self.leases.succeed(claim, success.result, metrics=metrics, attached=success.attached)

    def _settle(self, claim: Claim, outcome: Outcome, *, metrics: Metrics) -> JobStatus:
        if isinstance(outcome, PutOff):
            return _patiently(lambda: self.leases.put_off(claim, delay=outcome.delay, reason=outcome.reason))
        if isinstance(outcome, Failure):
            return _patiently(lambda: self.leases.fail(claim, outcome, metrics=metrics))
        try:
            return _patiently(lambda: self._succeed(claim, outcome, metrics=metrics))
        except StorageError as error:
            log.error("job.result_not_stored", error=str(error))
            failure = Failure(cause=Cause.STORAGE, message="The result could not be written to the blob store.")
            return _patiently(lambda: self.leases.fail(claim, failure, metrics=metrics))


def _found_by(job: Job) -> dict[str, str]:
    """What each line about a run has: by it the line is found, and what comes before and after."""
    ids = {"job": job.id, "analysis": job.analysis, "request_id": job.request_id, "batch": job.batch}
    if is_tracing():
        ids["trace_id"] = job.trace[3:35]
    return {name: found for name, found in ids.items() if found}


def _traced(job: Job) -> "AbstractContextManager[Span | None]":
    """The span of a run, below that of the request that submitted its job."""
    if not is_tracing():
        return nullcontext()
    waited = (job.started or job.created) - job.created
    about: dict[str, Attribute] = {
        "coatcheck.job": job.id,
        "coatcheck.analysis": job.analysis,
        "coatcheck.attempt": job.attempt,
        "coatcheck.worker": job.worker,
        "coatcheck.waited_ms": waited,
        "coatcheck.request_id": job.request_id,
    }
    return span(f"run {job.analysis}", kind="consumer", parent=job.trace, attributes=about)


def _patiently(move: Callable[[], Moved], *, patience: float = PATIENCE, saying: str = "job.not_settled_yet") -> Moved:
    """Makes the move as soon as Redis can; each try that fails is logged as ``saying``.

    Raises:
        StoreUnavailable: it was away for longer than ``patience`` seconds.

    """
    deadline = time.monotonic() + patience
    while True:
        try:
            return move()
        except StoreUnavailable as error:
            if time.monotonic() > deadline:
                raise
            log.warning(saying, error=str(error))
            time.sleep(PAUSE)

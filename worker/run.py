"""One run: a job is claimed, its analysis computes, its outcome is settled; knows no queue engine."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import structlog

from jobs.errors import ClaimRefused, LeaseLost, StorageError, StoreUnavailable
from jobs.job import Cause, Failure, JobStatus, Metrics
from jobs.leases import Claim, Leases
from jobs.settings import Settings
from jobs.webhooks import Webhooks
from tasks import Catalog
from worker.compute import Computation, HandleOf, Outcome, PutOff, Success
from worker.handle import JobHandle
from worker.interrupt import Interrupt
from worker.meter import Meter

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

    def run(self, job_id: str) -> None:
        """Runs the job if it can be claimed; whatever its analysis does, an outcome is settled."""
        try:
            # Asked again the claim is the same one; its reply may have been lost though it was made.
            claim = _patiently(
                lambda: self.leases.claim(job_id), patience=self.settings.lease, saying="job.not_claimed_yet"
            )
        except ClaimRefused as refused:
            log.info("job.claim_refused", job=job_id, reason=refused.reason)
            return
        except StoreUnavailable as error:
            # The sweep finds it: without a message if it is queued, with a lapsed lease if it was claimed after all.
            log.warning("job.not_claimed", job=job_id, error=str(error))
            return
        with structlog.contextvars.bound_contextvars(job=job_id, analysis=claim.job.analysis):
            log.info("job.claimed", attempt=claim.job.attempt)
            self._run_claimed(claim)

    def _run_claimed(self, claim: Claim) -> None:
        meter = Meter()
        computation = Computation(
            settings=self.settings, catalog=self.catalog, leases=self.leases, handle_of=self.handle_of
        )
        outcome = computation.outcome_of(claim, interrupt=self.interrupt)
        try:
            status = self._settle(claim, outcome, metrics=meter.read())
        except LeaseLost as lost:
            log.warning("job.outcome_discarded", reason=lost.reason)
            return
        log.info("job.settled", status=status, cause=outcome.cause if isinstance(outcome, Failure) else None)
        if self.webhooks is not None:
            self.webhooks.dispatch_soon(claim.job)

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

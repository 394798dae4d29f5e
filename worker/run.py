"""One run: a job is claimed, its analysis computes, its outcome is settled; knows no queue engine."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from jobs.errors import ClaimRefused, LeaseLost, StorageError, StoreUnavailable
from jobs.job import Cause, Failure, JobStatus, Metrics
from jobs.leases import Claim, Leases
from jobs.settings import Settings
from tasks import Catalog
from worker.compute import Computation, Outcome, PutOff
from worker.interrupt import Interrupt
from worker.meter import Meter

log = structlog.get_logger(__name__)

#: How long a run tries to settle while Redis is away, seconds; a result is worth the wait.
PATIENCE = 600.0
#: Wait between two tries, seconds.
PAUSE = 0.5


@dataclass(frozen=True, kw_only=True)
class Runner:
    """Runs the jobs that reach this process, one after the other."""

    settings: Settings
    catalog: Catalog
    leases: Leases
    interrupt: Interrupt

    def run(self, job_id: str) -> None:
        """Runs the job if it can be claimed; whatever its analysis does, an outcome is settled."""
        try:
            claim = self.leases.claim(job_id)
        except ClaimRefused as refused:
            log.info("job.claim_refused", job=job_id, reason=refused.reason)
            return
        except StoreUnavailable as error:
            log.warning("job.not_claimed", job=job_id, error=str(error))  # The sweep sends its message again.
            return
        with structlog.contextvars.bound_contextvars(job=job_id, analysis=claim.job.analysis):
            log.info("job.claimed", attempt=claim.job.attempt)
            self._run_claimed(claim)

    def _run_claimed(self, claim: Claim) -> None:
        meter = Meter()
        computation = Computation(settings=self.settings, catalog=self.catalog, leases=self.leases)
        outcome = computation.outcome_of(claim, interrupt=self.interrupt)
        try:
            status = self._settle(claim, outcome, metrics=meter.read())
        except LeaseLost as lost:
            log.warning("job.outcome_discarded", reason=lost.reason)
            return
        log.info("job.settled", status=status, cause=outcome.cause if isinstance(outcome, Failure) else None)

    def _settle(self, claim: Claim, outcome: Outcome, *, metrics: Metrics) -> JobStatus:
        if isinstance(outcome, PutOff):
            return _patiently(lambda: self.leases.put_off(claim, delay=outcome.delay, reason=outcome.reason))
        if isinstance(outcome, Failure):
            return _patiently(lambda: self.leases.fail(claim, outcome, metrics=metrics))
        try:
            return _patiently(lambda: self.leases.succeed(claim, outcome, metrics=metrics))
        except StorageError as error:
            log.error("job.result_not_stored", error=str(error))
            failure = Failure(cause=Cause.STORAGE, message="The result could not be written to the blob store.")
            return _patiently(lambda: self.leases.fail(claim, failure, metrics=metrics))


def _patiently(settle: Callable[[], JobStatus]) -> JobStatus:
    """Settles as soon as Redis can.

    Raises:
        StoreUnavailable: it was away for longer than ``PATIENCE``; the lease has lapsed long before.

    """
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return settle()
        except StoreUnavailable as error:
            if time.monotonic() > deadline:
                raise
            log.warning("job.not_settled_yet", error=str(error))
            time.sleep(PAUSE)

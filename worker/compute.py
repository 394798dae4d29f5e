"""The computing of one job: its input is read, its analysis called, and whatever that does becomes an outcome."""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from jobs.claims import Claim, Draft
from jobs.error_reports import report_error
from jobs.errors import StorageError
from jobs.input import Input, unpack
from jobs.job import Cause, Failure
from jobs.leases import Leases
from jobs.settings import Settings
from tasks import Analysis, AnalysisError, Catalog
from tasks.errors import RetryLater
from tasks.framework.figure import FigureInvalid
from tasks.framework.result import ResultInvalid, to_json
from worker.attachments import AttachmentsTooLarge
from worker.handle import JobHandle
from worker.interrupt import Interrupt, Interrupted
from worker.memory import memory_limited
from worker.tables import read_table

log = structlog.get_logger(__name__)

#: Longest text of an analysis' author that reaches a client, characters.
LONGEST_MESSAGE = 5000

#: Longest delay that a run may ask for before it is tried again, seconds.
LONGEST_DELAY = 7 * 24 * 3600.0


@dataclass(frozen=True, kw_only=True)
class PutOff:
    """The run failed in a way that may not last: it is to be tried again."""

    #: Seconds until then.
    delay: float
    #: One sentence for the client.
    reason: str


#: From the leases of a process and a claim among them to the ``job`` of an analysis.
HandleOf = Callable[[Leases, Claim], object]


@dataclass(frozen=True, kw_only=True)
class Success:
    """The run has a result."""

    #: As clients get it.
    result: bytes
    #: What the run attached to it.
    attached: tuple[Draft, ...] = ()


#: What becomes of a run: its result, why it has none, or another try.
Outcome = Success | Failure | PutOff


@dataclass(frozen=True, kw_only=True)
class Computation:
    """Computes the jobs of one process."""

    settings: Settings
    catalog: Catalog
    leases: Leases
    #: Makes what an analysis sees as its ``job``.
    handle_of: HandleOf = JobHandle

    def outcome_of(self, claim: Claim, *, interrupt: Interrupt) -> Outcome:
        """What becomes of the run; the one place that catches whatever an analysis raises."""
        try:
            analysis = self.catalog[claim.job.analysis]
            with memory_limited(analysis.memory or self.settings.memory), interrupt.armed():
                return self._computed(analysis, claim)
        except BaseException as error:  # noqa: BLE001 - whatever it raises becomes an outcome
            return self._tried_again(error, claim) or _failure_of(error, claim)

    def _computed(self, analysis: Analysis, claim: Claim) -> Success | Failure:
        given = unpack(self.leases.input_of(claim))
        params = analysis.load(given.params)
        handle = self.handle_of(self.leases, claim)
        data = None if given.source is None else self._table(given, handle)
        result = analysis.run(data, handle, params)
        return self._written(result, handle.attachments.drafts if isinstance(handle, JobHandle) else ())

    def _table(self, given: Input, handle: object) -> object:
        """The data as a pandas table; what its sender should know of how it was read is logged for it."""
        read = read_table(given, self.leases.blobs)
        if isinstance(handle, JobHandle):
            for note in read.notes:
                handle.log(note)
        return read.table

    def _tried_again(self, error: BaseException, claim: Claim) -> PutOff | None:
        job = claim.job
        if job.attempt >= job.max_attempts:
            return None
        if isinstance(error, RetryLater):
            return PutOff(delay=_sane(error.delay), reason=_as_text(error.message))
        analysis = self.catalog.get(job.analysis)
        if analysis is None or not isinstance(error, analysis.retry_on):
            return None
        log.warning("analysis.failed_for_now", exc_info=error)
        # Doubled each time; by chance up to half of it sooner, so that what failed together doesn't return together.
        longest = min(self.settings.retry_delay * 2 ** (job.attempt - 1), self.settings.max_retry_delay)
        delay = longest * random.SystemRandom().uniform(0.5, 1)
        tried = f"Attempt {job.attempt} of {job.max_attempts} failed"
        return PutOff(delay=delay, reason=f"{tried}; the next one begins in {delay:.1f} s.")

    def _written(self, result: object, attached: tuple[Draft, ...]) -> Success | Failure:
        written = to_json(result)
        if len(written) > self.settings.max_result:
            message = f"The result has {len(written)} bytes; at most {self.settings.max_result} are kept."
            return Failure(cause=Cause.RESULT_TOO_LARGE, message=message)
        return Success(result=written, attached=attached)


def _as_text(said: str) -> str:
    """What an author said, as a text that can be sent: of bounded length, without lone surrogates, and not empty."""
    sendable = said[:LONGEST_MESSAGE].encode("utf-8", "replace").decode()
    return sendable or "The analysis refused its input without saying why."


def _sane(delay: float) -> float:
    """The delay, within what the store takes."""
    return min(max(delay, 0.0), LONGEST_DELAY) if math.isfinite(delay) else LONGEST_DELAY


def _failure_of(error: BaseException, claim: Claim) -> Failure:
    """What the client is told. Foreign texts and tracebacks stay in the log, for they may hold data and secrets."""
    match error:
        case AnalysisError():
            return Failure(cause=Cause.REJECTED, message=_as_text(str(error)))
        case RetryLater():
            return Failure(cause=Cause.CRASHED, message=_as_text(error.message))
        case AttachmentsTooLarge():
            return Failure(cause=Cause.RESULT_TOO_LARGE, message=str(error))
        case FigureInvalid() | ResultInvalid():
            what = "figure can't be used" if isinstance(error, FigureInvalid) else "result can't be written as JSON"
            return Failure(cause=Cause.RESULT_INVALID, message=_as_text(f"The {what}: {error}"))
        case Interrupted():
            limit = f"{claim.job.timeout:g} s"
            return Failure(
                cause=Cause.TIMEOUT, message=f"The analysis ran longer than its time limit of {limit} and was stopped."
            )
        case StorageError():
            log.error("job.input_not_read", error=str(error))
            return Failure(cause=Cause.STORAGE, message="The input could not be read from the blob store.")
        case MemoryError():
            log.error("analysis.out_of_memory", exc_info=error)
            _report(error, claim)
            return Failure(cause=Cause.OUT_OF_MEMORY, message="The analysis needed more memory than there is.")
        case _:
            log.error("analysis.crashed", exc_info=error)
            _report(error, claim)
            message = "The analysis crashed; the service's log has the details under the job's id."
            return Failure(cause=Cause.CRASHED, message=message)


def _report(error: BaseException, claim: Claim) -> None:
    job = claim.job
    report_error(error, job=job.id, analysis=job.analysis, attempt=job.attempt, request_id=job.request_id)

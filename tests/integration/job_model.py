"""What should become of jobs, in plain Python: the words of the design, against which the scripts are held."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from expected_job import (
    DELAY,
    EXPIRES_IN,
    FEW,
    INLINE_LIMIT,
    KILL_GRACE,
    LEASE,
    MANY,
    RESEND_AFTER,
    RESULT_TTL,
    TIMEOUT,
    TOMBSTONE_TTL,
    UNCLAIMED_FILE,
    Expected,
)

from jobs.claims import Verdict, Wish
from jobs.job import FINAL, STEPS, Cause, JobStatus, steps_of
from jobs.record import Submission


@dataclass
class Model:
    """All jobs, and the messages on their way to workers. Moments are minutes since the history began."""

    now: int = 0
    #: Those that an index still knows; and those that are forgotten.
    jobs: dict[str, Expected] = field(default_factory=dict)
    forgotten: set[str] = field(default_factory=set)
    #: Ids of the jobs in the engine's queues, the one that is taken next last.
    queues: dict[int, list[str]] = field(default_factory=lambda: {step: [] for step in STEPS})
    #: When each file in the blob store goes; None while it is a job's own that has not ended.
    files: dict[str, float | None] = field(default_factory=dict)
    turns: int = 0
    #: The jobs whose webhook is to be called, by when they ended.
    outbox: dict[str, float] = field(default_factory=dict)
    #: How often what has happened, and how long each wait and each run took that ended a job.
    counts: Counter[tuple[str, ...]] = field(default_factory=Counter)
    waited: list[int] = field(default_factory=list)
    ran: list[int] = field(default_factory=list)

    def is_there(self, job_id: str) -> bool:
        """Whether there is a record of it."""
        job = self.jobs.get(job_id)
        return job is not None and (job.ended is None or self.now < job.ended + RESULT_TTL + TOMBSTONE_TTL)

    def has_result(self, job: Expected) -> bool:
        """Whether its result and its input are still kept."""
        return job.ended is None or self.now < job.ended + RESULT_TTL

    def backlog(self) -> Counter[str]:
        return Counter(job.submission.caller for job in self.jobs.values() if job.enqueued is not None)

    def active(self) -> Counter[str]:
        return Counter(job.submission.caller for job in self.jobs.values() if job.ended is None)

    def submit(self, submission: Submission) -> Expected:
        waiting = self.backlog()[submission.caller]
        step = steps_of(submission.priority)[(waiting >= FEW) + (waiting >= MANY)]
        wait = None if submission.expires_in is None else self.now + EXPIRES_IN
        data_blob = f"inputs/{submission.id}" if len(submission.input) > INLINE_LIMIT else ""
        job = Expected(submission, step, self.now, data_blob, wait)
        self.jobs[submission.id] = job
        if data_blob:
            self.files[data_blob] = None
        self.enqueue(job)
        return job

    def position(self, job: Expected) -> int:
        """How many jobs are taken before it."""
        return sum((other.step, other.turn) < (job.step, job.turn) for other in self.in_lanes())

    def in_lanes(self) -> Iterator[Expected]:
        return (job for job in self.jobs.values() if job.enqueued is not None)

    def enqueue(self, job: Expected) -> None:
        self.turns += 1
        job.enqueued, job.turn, job.due = self.now, self.turns, None
        self.queues[job.step].insert(0, job.submission.id)

    def claim(self, job_id: str, worker: str) -> str:
        """``claimed``, ``again`` for who has it already, or why it is refused."""
        if not self.is_there(job_id):
            return "missing"
        job = self.jobs[job_id]
        if job.status is JobStatus.RUNNING and job.holder == worker:
            return "again"
        if job.status is not JobStatus.QUEUED or (job.due is not None and self.now < job.due):
            return job.status
        if job.wait is not None and job.wait <= self.now:
            return self.end(job, JobStatus.FAILED, cause=Cause.EXPIRED)
        since = job.created if job.fence == 0 else job.enqueued
        self.waited.append(self.now - int(since if since is not None else self.now))
        job.move(JobStatus.RUNNING)
        job.leave_queue()
        job.fence += 1
        job.holder, job.started, job.lease = worker, self.now, self.now + LEASE
        return "claimed"

    def why_not_held(self, job_id: str, fence: int) -> str:
        """Why the run with this fence has lost its job; "" where it has not."""
        if not self.is_there(job_id):
            return "missing"
        job = self.jobs[job_id]
        if not job.is_held:
            return job.status
        return "" if job.fence == fence else "fenced"

    def wish(self, job: Expected) -> Wish:
        if job.status is JobStatus.CANCELING:
            return Wish.STOP
        return Wish.FINISH if job.finish_asked else Wish.GO_ON

    def settle(self, job: Expected, status: JobStatus, *, cause: Cause | None = None) -> JobStatus:
        if job.status is JobStatus.CANCELING:
            return self.end(job, JobStatus.CANCELED)
        return self.end(job, status, cause=cause)

    def succeed(self, job: Expected, result: bytes) -> JobStatus:
        if self.settle(job, JobStatus.SUCCEEDED) is JobStatus.SUCCEEDED:
            job.result = result
            if len(result) > INLINE_LIMIT:
                job.result_blob = result_blob(job.submission.id, job.fence)
                self.files[job.result_blob] = self.now + RESULT_TTL
        return job.status

    def write_result(self, job_id: str, fence: int, result: bytes) -> None:
        """A run writes its result before it settles; if that fails, nobody has the file."""
        if len(result) > INLINE_LIMIT:
            self.files.setdefault(result_blob(job_id, fence), self.now + UNCLAIMED_FILE)

    def end(self, job: Expected, status: JobStatus, *, cause: Cause | None = None) -> JobStatus:
        self._count_end(job, status, cause)
        job.move(status)
        job.leave_queue()
        job.leave_worker()
        job.ended, job.cause = self.now, cause
        if job.submission.webhook:
            self.outbox[job.submission.id] = self.now
        if job.data_blob:
            self.files[job.data_blob] = self.now + RESULT_TTL
        return status

    def _count_end(self, job: Expected, status: JobStatus, cause: Cause | None) -> None:
        self.counts["ended", job.submission.analysis, status] += 1
        if cause is not None:
            self.counts["failed", job.submission.analysis, cause] += 1
        if job.status is not JobStatus.QUEUED and job.started is not None:
            self.ran.append(self.now - int(job.started))

    def put_off(self, job: Expected) -> JobStatus:
        if job.status is JobStatus.CANCELING:
            return self.end(job, JobStatus.CANCELED)
        self._take_back(job, cost=1, why="put_off")
        job.due = self.now + DELAY
        return job.status

    def cancel(self, job: Expected) -> JobStatus:
        if job.status is JobStatus.QUEUED:
            return self.end(job, JobStatus.CANCELED)
        if job.status is JobStatus.RUNNING:
            job.move(JobStatus.CANCELING)
        return job.status

    def finish(self, job: Expected) -> JobStatus:
        job.finish_asked |= job.status is JobStatus.RUNNING
        return job.status

    def verdict(self, job_id: str, worker: str) -> Verdict:
        """What a worker is told when it renews the job."""
        if not self.is_there(job_id) or self.jobs[job_id].status in FINAL:
            return Verdict.FINAL
        job = self.jobs[job_id]
        if job.status is JobStatus.QUEUED:
            return Verdict.UNCLAIMED
        if job.holder != worker:
            return Verdict.LOST
        job.lease = self.now + LEASE
        if job.stop_asked is not None:
            return Verdict.KILL if self.now >= job.stop_asked + KILL_GRACE else Verdict.ASK
        overdue = job.started is not None and self.now >= job.started + TIMEOUT
        if job.status is JobStatus.CANCELING or overdue:
            job.stop_asked = self.now
            return Verdict.ASK
        return Verdict.KEEP

    def release(self, job: Expected, worker: str, why: str) -> JobStatus:
        if job.status is JobStatus.QUEUED and job.due is None:
            # Its message may have died with the process.
            self.enqueue(job)
        if job.holder != worker:
            return job.status
        if why == "timeout" and job.status is JobStatus.RUNNING:
            return self.end(job, JobStatus.FAILED, cause=Cause.TIMEOUT)
        if why == "handed_back":
            return self._lose(job, cost=0, why=why)
        return self._lose(job, cost=1, why=why)

    def recover(self, job_id: str) -> str:
        """What a sweep does when it looks at this job."""
        if not self.is_there(job_id):
            return "dropped"
        job = self.jobs[job_id]
        if job.lease is not None and job.lease <= self.now:
            self.counts["lapsed",] += 1
            outcome = self._lose(job, cost=1, why="worker_lost")
            return "requeued" if outcome is JobStatus.QUEUED else outcome
        if job.due is not None and job.due <= self.now:
            self.enqueue(job)
            return "retried"
        if job.wait is not None and job.wait <= self.now:
            return self.end(job, JobStatus.FAILED, cause=Cause.EXPIRED)
        if job.enqueued is not None and job.enqueued + RESEND_AFTER <= self.now:
            self.enqueue(job)
            self.counts["resent",] += 1
            return "sent"
        return "nothing"

    def neglected(self) -> set[str]:
        """The jobs that a sweep has to mend."""
        late = {name for name, job in self.jobs.items() for end in (job.lease, job.wait, job.due) if self._is_past(end)}
        return late | {job.submission.id for job in self.in_lanes() if self._misses_message(job)}

    def forget(self) -> int:
        """What a sweep forgets of final jobs; returns how many index entries go."""
        files = [name for name, goes in self.files.items() if self._is_past(goes)]
        gone = [name for name in self.jobs if not self.is_there(name)]
        for name in files:
            del self.files[name]
        for name in gone:
            del self.jobs[name]
        self.forgotten.update(gone)
        return len(files) + len(gone)

    def _is_past(self, moment: float | None) -> bool:
        return moment is not None and moment <= self.now

    def _misses_message(self, job: Expected) -> bool:
        """Whether it is older than the job whose message is taken next: a queue is first in, first out."""
        if job.enqueued is None or not self._is_past(job.enqueued + RESEND_AFTER):
            return False
        queue = self.queues[job.step]
        if not queue:
            return True
        following = self.jobs.get(queue[-1])
        return following is not None and following.enqueued is not None and job.turn < following.turn

    def _lose(self, job: Expected, *, cost: int, why: str) -> JobStatus:
        if job.status is JobStatus.CANCELING:
            return self.end(job, JobStatus.CANCELED)
        if cost and job.attempt >= job.submission.max_attempts:
            return self.end(job, JobStatus.FAILED, cause=Cause(why))
        self._take_back(job, cost=cost, why=why)
        self.enqueue(job)
        return job.status

    def _take_back(self, job: Expected, *, cost: int, why: str) -> None:
        self.counts["taken_back", job.submission.analysis, why] += 1
        job.move(JobStatus.QUEUED)
        job.leave_worker()
        job.attempt += cost


def result_blob(job_id: str, fence: int) -> str:
    """The file of a run's result."""
    return f"results/{job_id}.{fence}"

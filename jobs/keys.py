"""The key layout in Redis: the only place that knows how a key is spelled.

========================  ======  ==================================================================
key                       type    holds
========================  ======  ==================================================================
``<ns>:job:<id>``         hash    the record; without expiry until the job is final
``<ns>:data:<id>``        string  its input, where it is small
``<ns>:result:<id>``      string  its result, ready to send, where it is small
``<ns>:jobs``             zset    every known job by when it was accepted
``<ns>:queued:<step>``    zset    queued jobs of a step by when they were enqueued: a lane
``<ns>:backlog``          hash    how many jobs of each caller are queued
``<ns>:due``              zset    queued jobs that are put off, by until when
``<ns>:leases``           zset    running jobs by when their lease lapses
``<ns>:waits``            zset    queued jobs that may expire, by when
``<ns>:finished``         zset    final jobs by when their tombstone goes
``<ns>:blobs``            zset    files of final jobs by when they go
``<ns>:workers``          zset    live workers by until when they count as alive
``<ns>:times:<analysis>`` list    how long an analysis ran lately, newest first
========================  ======  ==================================================================

Times are Unix milliseconds of Redis' clock. The engine's own keys are named in ``jobs/queues``.
"""

from dataclasses import dataclass

from jobs.job import STEPS


@dataclass(frozen=True)
class Keys:
    """The keys below one namespace."""

    #: What every key begins with.
    namespace: str

    def record(self, job_id: str) -> str:
        """The record of a job."""
        return f"{self.namespace}:job:{job_id}"

    def data(self, job_id: str) -> str:
        """The input of a job."""
        return f"{self.namespace}:data:{job_id}"

    def result(self, job_id: str) -> str:
        """The result of a job."""
        return f"{self.namespace}:result:{job_id}"

    def lane(self, step: int) -> str:
        """The queued jobs of a step."""
        return f"{self.namespace}:queued:{step}"

    def times(self, analysis: str) -> str:
        """How long an analysis ran lately."""
        return f"{self.namespace}:times:{analysis}"

    @property
    def jobs(self) -> str:
        """Every known job."""
        return f"{self.namespace}:jobs"

    @property
    def leases(self) -> str:
        """The running jobs."""
        return f"{self.namespace}:leases"

    @property
    def waits(self) -> str:
        """The queued jobs that may expire."""
        return f"{self.namespace}:waits"

    @property
    def finished(self) -> str:
        """The final jobs."""
        return f"{self.namespace}:finished"

    @property
    def blobs(self) -> str:
        """The files that are due to go."""
        return f"{self.namespace}:blobs"

    @property
    def workers(self) -> str:
        """The live workers."""
        return f"{self.namespace}:workers"

    @property
    def due(self) -> str:
        """The queued jobs that are put off."""
        return f"{self.namespace}:due"

    @property
    def backlog(self) -> str:
        """How many jobs of each caller are queued."""
        return f"{self.namespace}:backlog"

    @property
    def lanes(self) -> tuple[str, ...]:
        """The queued jobs of every step, those that are taken first in front."""
        return tuple(self.lane(step) for step in STEPS)

    def of_job(self, job_id: str) -> tuple[str, ...]:
        """What every script that can end a job receives, in the order of ``keys_of_job`` in ``lua/_moves.lua``."""
        return (
            self.record(job_id),
            self.data(job_id),
            self.leases,
            self.waits,
            self.finished,
            self.blobs,
            self.due,
            self.backlog,
            *self.lanes,
        )

"""The key layout in Redis: the only place that knows how a key is spelled.

========================  ======  ==================================================================
key                       type    holds
========================  ======  ==================================================================
``<ns>:job:<id>``         hash    the record; without expiry until the job is final
``<ns>:data:<id>``        string  its input, where it is small
``<ns>:result:<id>``      string  its result, ready to send, where it is small
``<ns>:events:<id>``      list    what happened to it: ``number kind JSON``; also the channel that tells it
``<ns>:endings:<process>`` none   a channel alone: the ends of jobs, for the process of the API that waits
``<ns>:logs:<id>``        list    the lines that it logged: ``time text``
``<ns>:jobs``             zset    every known job by when it was accepted
``<ns>:jobs:<caller>``    zset    the same of one caller
``<ns>:batch:<id>``       hash    a batch: whose it is, of which analysis, since when
``<ns>:batched:<id>``     list    the jobs of a batch in the order of its items
``<ns>:batches``          zset    every batch by when the sweep looks whether it has ended
``<ns>:dataset:<id>``     hash    a data set: whose it is, what it is
``<ns>:dataset-users:<id>`` set   the jobs that need it and may not have ended
``<ns>:dataset-content:<sha256>`` hash  the file with this content as ``blob``, and the data sets that have it
``<ns>:datasets``         zset    every data set that can be used, by when it was taken in
``<ns>:datasets:<caller>`` zset   the same of one caller
``<ns>:datasets-due``     zset    every data set by when the sweep looks at it
``<ns>:undescribed``      zset    data sets without a description by when the sweep asks for it again
``<ns>:idem:<digest>``    string  what an Idempotency-Key stands for: ``fingerprint id``
``<ns>:drawing:<digest>`` string  the internal job that draws a picture, for a minute
``<ns>:rate:<caller>``    string  when a caller's next submission is due by its rate limit
``<ns>:queued:<step>``    zset    queued jobs of a step by when they were enqueued: a lane
``<ns>:backlog``          hash    how many jobs of each caller are queued
``<ns>:active``           hash    how many jobs of each caller are not final
``<ns>:due``              zset    queued jobs that are put off, by until when
``<ns>:leases``           zset    running jobs by when their lease lapses
``<ns>:waits``            zset    queued jobs that may expire, by when
``<ns>:finished``         zset    final jobs, ``id caller``, by when their tombstone goes
``<ns>:outbox``           zset    final jobs whose webhook is to be called, by when they ended
``<ns>:blobs``            zset    files of final jobs by when they go
``<ns>:times:<analysis>`` list    how long an analysis ran lately, newest first
``<ns>:webhook:<id>``     hash    how the delivery of its webhook stands
``<ns>:webhook-calls:<id>`` list  each call of its webhook, oldest first: ``time JSON``
``<ns>:webhook-secrets``  hash    what each caller's webhooks are signed with: ``secret``, or ``secret previous until``
``<ns>:webhooks-disabled:<caller>`` zset  endpoints that a caller's webhooks go to no more, by since when
``<ns>:api-keys``         hash    what is kept of each API key, by its id; without expiry
``<ns>:session:<sha256>`` string  the id of the API key that a browser has signed in with
``<ns>:failed-sign-ins:<network>`` string  how often signing in has failed lately from there
``<ns>:roster``           hash    what each live process of the service says of itself, by its name
``<ns>:roster-seen``      zset    the same processes by when they were heard of last
``<ns>:counts``           hash    how often what has happened, and how long it took; see ``jobs/counts``; without expiry
``<ns>:counted:<process>`` string  the number of the last addition of an API process to these counts
========================  ======  ==================================================================

Times are Unix milliseconds of Redis' clock. The engine's own keys are named in ``jobs/queues``.
"""

from dataclasses import dataclass
from functools import cached_property

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

    def events(self, job_id: str) -> str:
        """What happened to a job, and the channel that tells it."""
        return f"{self.namespace}:events:{job_id}"

    def endings(self, process: str) -> str:
        """The channel on which a process of the API is told which of the jobs that it waits for have ended."""
        return f"{self.namespace}:endings:{process}"

    def logs(self, job_id: str) -> str:
        """The lines that a job logged."""
        return f"{self.namespace}:logs:{job_id}"

    def jobs_of(self, caller: str) -> str:
        """Every known job of a caller."""
        return f"{self.namespace}:jobs:{caller}"

    def batch(self, batch_id: str) -> str:
        """What a batch is."""
        return f"{self.namespace}:batch:{batch_id}"

    def batched(self, batch_id: str) -> str:
        """The jobs of a batch."""
        return f"{self.namespace}:batched:{batch_id}"

    def idempotency(self, digest: str) -> str:
        """What an Idempotency-Key stands for; ``digest`` is of the key and its scope."""
        return f"{self.namespace}:idem:{digest}"

    def dataset(self, dataset_id: str) -> str:
        """What a data set is."""
        return f"{self.namespace}:dataset:{dataset_id}"

    def dataset_users(self, dataset_id: str) -> str:
        """The jobs that need a data set."""
        return f"{self.namespace}:dataset-users:{dataset_id}"

    def dataset_content(self, sha256: str) -> str:
        """Who shares the file with this content."""
        return f"{self.namespace}:dataset-content:{sha256}"

    def datasets_of(self, caller: str) -> str:
        """The data sets of a caller."""
        return f"{self.namespace}:datasets:{caller}"

    def drawing(self, digest: str) -> str:
        """The internal job that draws a picture."""
        return f"{self.namespace}:drawing:{digest}"

    def rate(self, caller: str) -> str:
        """When a caller's next submission is due."""
        return f"{self.namespace}:rate:{caller}"

    def lane(self, step: int) -> str:
        """The queued jobs of a step."""
        return f"{self.namespace}:queued:{step}"

    def times(self, analysis: str) -> str:
        """How long an analysis ran lately."""
        return f"{self.namespace}:times:{analysis}"

    def webhook(self, job_id: str) -> str:
        """How the delivery of a job's webhook stands."""
        return f"{self.namespace}:webhook:{job_id}"

    def webhook_calls(self, job_id: str) -> str:
        """The calls of a job's webhook."""
        return f"{self.namespace}:webhook-calls:{job_id}"

    def webhooks_disabled(self, caller: str) -> str:
        """The endpoints that a caller's webhooks go to no more."""
        return f"{self.namespace}:webhooks-disabled:{caller}"

    def session(self, digest: str) -> str:
        """Who a browser has signed in as; ``digest`` is of what its cookie says."""
        return f"{self.namespace}:session:{digest}"

    def failed_sign_ins(self, network: str) -> str:
        """How often signing in has failed from a network."""
        return f"{self.namespace}:failed-sign-ins:{network}"

    def counted(self, process: str) -> str:
        """The number of the last addition of a process to the counts."""
        return f"{self.namespace}:counted:{process}"

    @property
    def webhook_secrets(self) -> str:
        """What each caller's webhooks are signed with."""
        return f"{self.namespace}:webhook-secrets"

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
    def api_keys(self) -> str:
        """What is kept of each API key."""
        return f"{self.namespace}:api-keys"

    @property
    def roster(self) -> str:
        """What each live process says of itself."""
        return f"{self.namespace}:roster"

    @property
    def roster_seen(self) -> str:
        """When each of those processes was heard of last."""
        return f"{self.namespace}:roster-seen"

    @property
    def counts(self) -> str:
        """How often what has happened to jobs."""
        return f"{self.namespace}:counts"

    @property
    def due(self) -> str:
        """The queued jobs that are put off."""
        return f"{self.namespace}:due"

    @property
    def backlog(self) -> str:
        """How many jobs of each caller are queued."""
        return f"{self.namespace}:backlog"

    @property
    def active(self) -> str:
        """How many jobs of each caller are not final."""
        return f"{self.namespace}:active"

    @property
    def outbox(self) -> str:
        """The final jobs whose webhook is to be called."""
        return f"{self.namespace}:outbox"

    @property
    def batches(self) -> str:
        """Every batch."""
        return f"{self.namespace}:batches"

    @property
    def datasets(self) -> str:
        """Every data set that can be used."""
        return f"{self.namespace}:datasets"

    @property
    def datasets_due(self) -> str:
        """When the sweep looks at each data set."""
        return f"{self.namespace}:datasets-due"

    @property
    def undescribed(self) -> str:
        """The data sets without a description."""
        return f"{self.namespace}:undescribed"

    @cached_property
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
            self.active,
            self.outbox,
            self.events(job_id),
            self.logs(job_id),
            self.counts,
        )

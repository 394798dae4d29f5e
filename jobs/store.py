"""The store as the API sees it: jobs are submitted, found and canceled; what workers do with them is in ``leases``."""

import time
from collections.abc import Sequence
from contextlib import suppress
from typing import cast

from jobs.blobs import Blobs, open_blobs
from jobs.connection import connect, reaching_redis
from jobs.errors import BlobMissing, JobNotFinal, NoSuchJob, StoreUnavailable
from jobs.intake import Order, Taken, take
from jobs.job import Attachment, Job, JobStatus
from jobs.keys import Keys
from jobs.queues import Queue, open_queue
from jobs.record import Submission, job_of
from jobs.scripts import Argument, Call, Reply, Scripts
from jobs.settings import Settings
from jobs.wire import Wire, WireOf

#: How long a file may wait for the move that makes it a job's input or result, milliseconds. Longer than any run tries
#: to settle; then the sweep deletes it.
UNCLAIMED_FILE = 2 * 3600 * 1000


class Store:
    """The jobs of one service in one Redis."""

    def __init__(self, settings: Settings, *, wire: WireOf = Wire) -> None:
        self.settings = settings
        self.keys = Keys(settings.namespace)
        self.redis = connect(settings)
        self.scripts = Scripts(self.redis, wire=wire)
        self.blobs: Blobs = open_blobs(settings)
        self.queue: Queue = open_queue(settings, self.redis, self.scripts)

    @property
    def retention(self) -> tuple[int, int]:
        """How long a result and then its tombstone are kept, milliseconds."""
        return int(self.settings.result_ttl * 1000), int(self.settings.tombstone_ttl * 1000)

    def ping(self) -> None:
        """Asks Redis whether it is there.

        Raises:
            StoreUnavailable: it is not, or it is still loading.

        """
        with reaching_redis():
            self.redis.ping()

    def submit(self, submission: Submission) -> Job:
        """Accepts a job: record, input, indexes and message in one atomic round trip.

        Raises:
            SubmissionRefused: a limit is reached.
            StoreUnavailable: nothing was accepted, or nothing that the caller was told of.
            StorageError: its input is large and the blob store can't take it.

        """
        return self.take(Order(submissions=(submission,))).jobs[0]

    def take(self, order: Order) -> Taken:
        """What :func:`jobs.intake.take` does; the messages are with the engine then, or soon."""
        taken = take(self, order)
        self.forward()
        return taken

    def forward(self) -> None:
        """Brings on to the engine what the scripts could only hand over; where Redis can't now, the next sweep does."""
        with suppress(StoreUnavailable):
            self.queue.forward()

    def find(self, job_id: str) -> Job:
        """The job as it is now, in one round trip.

        Raises:
            NoSuchJob: there is no record of it.

        """
        return self._read(job_id)[0]

    def find_each(self, job_ids: Sequence[str]) -> list[Job | None]:
        """The jobs as they are now, in one round trip; None for one of which there is no record.

        Raises:
            StoreUnavailable: Redis can't say now.

        """
        calls: list[Call] = [([self.keys.record(job_id), *self.keys.lanes], [job_id, 0]) for job_id in job_ids]
        replies = self.scripts.run_each("read", calls)
        return [_job_in(job_id, reply) for job_id, reply in zip(job_ids, replies, strict=True)]

    def find_with_result(self, job_id: str) -> tuple[Job, bytes | None]:
        """The job and the bytes of its result, None where it has none (any more).

        Raises:
            NoSuchJob: there is no record of it.
            StorageError: the result is in the blob store, which can't be read.

        """
        job, result = self._read(job_id, most=None)
        return job, self._blob_unless_expired(job, job.result_blob) if job.result_blob else result

    def find_with_small_result(self, job_id: str, *, most: int) -> tuple[Job, bytes | None]:
        """The job and the bytes of its result if those are in Redis and at most so many; None where they are not.

        Raises:
            NoSuchJob: there is no record of it.

        """
        return self._read(job_id, most=most)

    def attachment(self, job: Job, attachment: Attachment) -> bytes | None:
        """What is attached to the job's result; None where it has expired.

        Raises:
            StorageError: the blob store can't be read.

        """
        return self._blob_unless_expired(job, attachment.blob)

    def input_of(self, job: Job) -> bytes | None:
        """The job's input, packed; None where it has expired.

        Raises:
            StorageError: it is in the blob store, which can't be read.

        """
        if job.data_blob:
            return self._blob_unless_expired(job, job.data_blob)
        with reaching_redis():
            return cast("bytes | None", self.redis.get(self.keys.data(job.id)))

    def cancel(self, job_id: str) -> JobStatus:
        """Cancels the job: a queued one at once, of a running one its worker is told. Returns the status it has then.

        Raises:
            NoSuchJob: there is no record of it.

        """
        return self._status_after("cancel", self.keys.of_job(job_id), [job_id, *self.retention], job_id)

    def finish(self, job_id: str) -> JobStatus:
        """Asks a running job to end soon with the best that it has; returns the status it has.

        Raises:
            NoSuchJob: there is no record of it.

        """
        return self._status_after("finish", [self.keys.record(job_id)], [], job_id)

    def purge(self, job: Job) -> None:
        """Forgets a job that has ended, its result, its files and what is known of its webhook.

        Raises:
            NoSuchJob: there is no record of it.
            JobNotFinal: it has not ended.

        """
        keys = [*self.keys.of_job(job.id), self.keys.result(job.id), self.keys.jobs, self.keys.jobs_of(job.caller)]
        keys += [self.keys.webhook(job.id), self.keys.webhook_calls(job.id)]
        pictures = [f"{each.blob}.{end}" for each in job.attached for end in ("svg", "png")]
        told = cast("bytes", self.scripts.run("purge", keys, [job.id, job.caller, *pictures])).decode()
        if told == "missing":
            raise NoSuchJob(job.id)
        if told != "purged":
            raise JobNotFinal(job.id, status=told)

    def write_blob(self, name: str, content: bytes) -> None:
        """Writes a file that a move shall make a job's own; who dies before that move leaves no file for ever.

        Raises:
            StoreUnavailable: Redis can't note it; nothing was written.
            StorageError: the blob store can't take it.

        """
        self.expect_blob(name)
        self.blobs.write(name, content)

    def expect_blob(self, name: str) -> None:
        """Notes a file that is about to be there; it goes unless a move makes it somebody's own.

        Raises:
            StoreUnavailable: Redis can't note it.

        """
        self.scripts.run("expect_file", [self.keys.blobs], [name, UNCLAIMED_FILE])

    def keep_blob(self, name: str, *, job_id: str) -> None:
        """Keeps a file as long as the result of this job; where that was purged meanwhile, the next sweep deletes it.

        Raises:
            StoreUnavailable: Redis can't note it; the file goes sooner.

        """
        self.scripts.run("keep_file", [self.keys.record(job_id), self.keys.blobs], [name])

    def drop_blobs(self, names: Sequence[str]) -> None:
        """Lets the next sweep delete files that nobody will need.

        Raises:
            StoreUnavailable: Redis can't note it; the files go later.

        """
        with reaching_redis():
            self.redis.zadd(self.keys.blobs, dict.fromkeys(names, 0), xx=True)

    def run_times(self, analysis: str) -> list[float]:
        """How long this analysis ran lately where it succeeded, seconds, newest first; at most 50.

        Raises:
            StoreUnavailable: Redis can't say now.

        """
        with reaching_redis():
            times = cast("list[bytes]", self.redis.lrange(self.keys.times(analysis), 0, -1))
        return [int(milliseconds) / 1000 for milliseconds in times]

    def _read(self, job_id: str, *, most: int | None = 0) -> tuple[Job, bytes | None]:
        """The job, and its result if that is in Redis and has at most so many bytes (None: of any length)."""
        result = [] if most == 0 else [self.keys.result(job_id)]
        arguments: list[Argument] = [job_id, "" if most is None else most]
        reply = self.scripts.run("read", [self.keys.record(job_id), *self.keys.lanes, *result], arguments)
        job = _job_in(job_id, reply)
        if job is None:
            raise NoSuchJob(job_id)
        return job, cast("list[bytes | None]", reply)[2]

    def _blob_unless_expired(self, job: Job, name: str) -> bytes | None:
        try:
            return self.blobs.read(name)
        except BlobMissing:
            if job.expires is not None and job.expires <= time.time() * 1000:
                return None
            raise

    def _status_after(self, script: str, keys: Sequence[str], arguments: Sequence[Argument], job_id: str) -> JobStatus:
        status = cast("bytes", self.scripts.run(script, keys, arguments)).decode()
        if status == "missing":
            raise NoSuchJob(job_id)
        return JobStatus(status)


def _job_in(job_id: str, reply: Reply) -> Job | None:
    """The job that the script ``read`` tells of; None where there is no record of it."""
    fields, position, _ = cast("tuple[list[bytes], int, bytes | None]", reply)
    return job_of(job_id, fields, position=position if position >= 0 else None) if fields else None

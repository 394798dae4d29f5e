"""The store as the API sees it: jobs are submitted, found and canceled; what workers do with them is in ``leases``."""

import time
from collections.abc import Sequence
from typing import cast

from jobs.blobs import Blobs, open_blobs
from jobs.connection import connect, reaching_redis
from jobs.errors import BlobMissing, NoSuchJob
from jobs.job import Job, JobStatus, steps_of
from jobs.keys import Keys
from jobs.queues import Queue
from jobs.queues.celery import CeleryQueue
from jobs.record import Submission, fields_of, job_of, just_accepted
from jobs.scripts import Argument, Scripts
from jobs.settings import Settings

#: How long a file may wait for the move that makes it a job's input or result, milliseconds. Longer than any run tries
#: to settle; then the sweep deletes it.
UNCLAIMED_FILE = 2 * 3600 * 1000


class Store:
    """The jobs of one service in one Redis."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.keys = Keys(settings.namespace)
        self.redis = connect(settings)
        self.scripts = Scripts(self.redis)
        self.blobs: Blobs = open_blobs(settings)
        self.queue: Queue = CeleryQueue(settings.namespace)

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
            StoreUnavailable: nothing was accepted, or nothing that the caller was told of.
            StorageError: its input is large and the blob store can't take it.

        """
        blob = self._input_to_blobs(submission)
        reply = self.scripts.run("submit", self._submit_keys(submission), self._submit_arguments(submission, blob=blob))
        created, step, position = cast("list[int]", reply)
        return just_accepted(submission, blob=blob, created=created, step=step, position=position)

    def find(self, job_id: str) -> Job:
        """The job as it is now, in one round trip.

        Raises:
            NoSuchJob: there is no record of it.

        """
        return self._read(job_id, [])[0]

    def find_with_result(self, job_id: str) -> tuple[Job, bytes | None]:
        """The job and the bytes of its result, None where it has none (any more).

        Raises:
            NoSuchJob: there is no record of it.
            StorageError: the result is in the blob store, which can't be read.

        """
        job, result = self._read(job_id, [self.keys.result(job_id)])
        return job, self._blob_unless_expired(job, job.result_blob) if job.result_blob else result

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

    def write_blob(self, name: str, content: bytes) -> None:
        """Writes a file that a move shall make a job's own; who dies before that move leaves no file for ever.

        Raises:
            StoreUnavailable: Redis can't note it; nothing was written.
            StorageError: the blob store can't take it.

        """
        with reaching_redis():
            seconds, micros = self.redis.time()
            # NX: at a second try the first may have been the move, though its reply was lost.
            until = seconds * 1000 + micros // 1000 + UNCLAIMED_FILE
            self.redis.zadd(self.keys.blobs, {name: until}, nx=True)
        self.blobs.write(name, content)

    def run_times(self, analysis: str) -> list[float]:
        """How long this analysis ran lately where it succeeded, seconds, newest first; at most 50.

        Raises:
            StoreUnavailable: Redis can't say now.

        """
        with reaching_redis():
            times = cast("list[bytes]", self.redis.lrange(self.keys.times(analysis), 0, -1))
        return [int(milliseconds) / 1000 for milliseconds in times]

    def live_workers(self) -> int:
        """How many worker processes have been heard of within a lease.

        Raises:
            StoreUnavailable: Redis can't say now.

        """
        with reaching_redis():
            seconds, micros = self.redis.time()
            now = seconds * 1000 + micros // 1000
            return self.redis.zcount(self.keys.workers, now, "+inf")

    def _submit_keys(self, submission: Submission) -> list[str]:
        return [
            self.keys.record(submission.id),
            self.keys.data(submission.id),
            self.keys.jobs,
            self.keys.waits,
            self.keys.backlog,
            *self.keys.lanes,
            *map(self.queue.key, steps_of(submission.priority)),
            self.keys.blobs,
        ]

    def _submit_arguments(self, submission: Submission, *, blob: str) -> list[Argument]:
        return [
            submission.id,
            submission.caller,
            steps_of(submission.priority).start,
            *self.queue.message(submission.id, analysis=submission.analysis),
            self.settings.few_queued,
            self.settings.many_queued,
            b"" if blob else submission.input,
            "" if submission.expires_in is None else int(submission.expires_in * 1000),
            *fields_of(submission, blob=blob),
        ]

    def _input_to_blobs(self, submission: Submission) -> str:
        if len(submission.input) <= self.settings.inline_limit:
            return ""
        name = f"inputs/{submission.id}"
        self.write_blob(name, submission.input)
        return name

    def _read(self, job_id: str, result_key: list[str]) -> tuple[Job, bytes | None]:
        reply = self.scripts.run("read", [self.keys.record(job_id), *self.keys.lanes, *result_key], [job_id])
        fields, position, result = cast("tuple[list[bytes], int, bytes | None]", reply)
        if not fields:
            raise NoSuchJob(job_id)
        return job_of(job_id, fields, position=position if position >= 0 else None), result

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

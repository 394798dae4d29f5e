"""The store as workers see it: jobs are claimed, kept by a lease, and settled by whoever holds them."""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import cast

import orjson

from jobs.blobs import Blobs
from jobs.claims import Claim, Draft, Held, Progress, Release, Verdict, Wish
from jobs.errors import ClaimRefused, LeaseLost
from jobs.job import Attachment, Failure, Job, JobStatus, Metrics
from jobs.queues import whole_message
from jobs.record import job_of
from jobs.scripts import Argument, Reply
from jobs.settings import Settings
from jobs.store import Store


class Leases:
    """The jobs of one store, for one worker."""

    def __init__(self, store: Store, *, worker: str) -> None:
        self._store = store
        self._scripts = store.scripts
        self._keys = store.keys
        #: Unique name of the worker, or of the one process of it that claims: who a job is held by.
        self.worker = worker

    @property
    def settings(self) -> Settings:
        """The settings of the store."""
        return self._store.settings

    @property
    def blobs(self) -> Blobs:
        """The files of the store."""
        return self._store.blobs

    def claim(self, job_id: str) -> Claim:
        """Takes a queued job; of all that try, one gets it. Asked twice, for a reply was lost, it says the same.

        Raises:
            ClaimRefused: it is not queued; a message may be delivered twice.

        """
        lease = str(int(self._store.settings.lease * 1000))
        # As texts, which go as they are.
        arguments: list[Argument] = [job_id, self.worker, lease, *map(str, self._store.retention)]
        reply = self._scripts.run("claim", self._keys.of_job(job_id), arguments)
        verdict, *claimed = cast("list[bytes]", reply)
        if verdict != b"claimed":
            raise ClaimRefused(job_id, reason=verdict.decode())
        _, fields, packed = cast("tuple[int, list[bytes], bytes | None]", claimed)
        return Claim(job=job_of(job_id, fields), packed=packed)

    def input_of(self, claim: Claim) -> bytes:
        """The job's input, packed.

        Raises:
            StorageError: it is in the blob store, which can't be read.

        """
        return self._store.blobs.read(claim.job.data_blob) if claim.packed is None else claim.packed

    def note(self, claim: Claim, *, progress: Progress | None = None, message: str = "") -> Wish:
        """Writes how far the job is and what it says; returns what is wanted of its run.

        Raises:
            LeaseLost: it is held by somebody else, or final.

        """
        fields: list[Argument] = ["message", message] if message else []
        if progress is not None:
            fields += ["progress", progress.share, "stage", progress.stage]
        keys = [self._keys.record(claim.job.id), self._keys.events(claim.job.id), self._keys.logs(claim.job.id)]
        told = b"" if progress is None else orjson.dumps(progress.told())
        said = orjson.dumps(message) if message else b""
        reply = self._scripts.run("progress", keys, [claim.job.fence, _number(), told, message, said, *fields])
        status, *finish = cast("list[bytes | int]", reply)
        if not finish:
            raise LeaseLost(claim.job.id, reason=cast("bytes", status).decode())
        if status == b"canceling":
            return Wish.STOP
        return Wish.FINISH if finish[0] else Wish.GO_ON

    def succeed(self, claim: Claim, result: bytes, *, metrics: Metrics, attached: Sequence[Draft] = ()) -> JobStatus:
        """Ends the job with its result and what is attached to it; returns the status it has then: a job that was
        canceled meanwhile is canceled.

        Raises:
            LeaseLost: the result does not count, for the job is held by somebody else, or final.
            StorageError: the result is large and the blob store can't take it.

        """
        blob = f"results/{claim.job.id}.{claim.job.fence}" if len(result) > self._store.settings.inline_limit else ""
        if blob:
            self._store.write_blob(blob, result)
        etag = hashlib.sha256(result).hexdigest()[:32]
        fields: list[Argument] = ["etag", etag, "progress", 100, "result_blob", blob, "metrics", _json(metrics)]
        if attached:
            written = [self._attach(claim, draft) for draft in attached]
            fields += ["attached", orjson.dumps([asdict(each) for each in written])]
        return self._settle(claim, JobStatus.SUCCEEDED, [b"" if blob else result, blob, *fields])

    def _attach(self, claim: Claim, draft: Draft) -> Attachment:
        blob = f"attached/{claim.job.id}.{claim.job.fence}.{draft.kind}.{draft.name}"
        self._store.write_blob(blob, draft.content)
        about = {name: getattr(draft, name) for name in ("kind", "name", "title", "media_type")}
        return Attachment(**about, size=len(draft.content), blob=blob)

    def fail(self, claim: Claim, failure: Failure, *, metrics: Metrics) -> JobStatus:
        """Ends the job without a result; returns the status it has then.

        Raises:
            LeaseLost: the job is held by somebody else, or final.

        """
        fields: list[Argument] = ["cause", failure.cause, "error", failure.message, "metrics", _json(metrics)]
        return self._settle(claim, JobStatus.FAILED, ["", "", *fields])

    def put_off(self, claim: Claim, *, delay: float, reason: str) -> JobStatus:
        """Queues the job again after ``delay`` seconds, at the cost of an attempt; returns the status it has then.

        Raises:
            LeaseLost: the job is held by somebody else, or final.

        """
        arguments: list[Argument] = [claim.job.id, claim.job.fence, int(delay * 1000), *self._store.retention, reason]
        reply = self._scripts.run("put_off", self._keys.of_job(claim.job.id), arguments)
        return _settled(claim.job, reply)

    def _settle(self, claim: Claim, outcome: JobStatus, arguments: Sequence[Argument]) -> JobStatus:
        job = claim.job
        keys = [*self._keys.of_job(job.id), self._keys.result(job.id), self._keys.times(job.analysis)]
        reply = self._scripts.run("settle", keys, [job.id, job.fence, outcome, *self._store.retention, *arguments])
        return _settled(job, reply)

    def renew(self, held: Sequence[Held]) -> dict[Held, Verdict]:
        """Renews what the worker's processes hold in one round trip; says what to do with each."""
        if not held:
            return {}
        settings = self._store.settings
        keys = [self._keys.leases, *(self._keys.record(each.job_id) for each in held)]
        times = [int(settings.lease * 1000), int(settings.kill_grace * 1000)]
        pairs = [part for each in held for part in each]
        reply = cast("list[bytes]", self._scripts.run("renew", keys, [*times, *pairs]))
        return {each: Verdict(word.decode()) for each, word in zip(held, reply, strict=True)}

    def release(self, job_id: str, *, why: Release, holder: str | None = None) -> JobStatus:
        """Gives up a job that its holder (this one unless named) can't finish; returns the status it has then.

        Raises:
            NoSuchJob: there is no record of it.

        """
        holder = self.worker if holder is None else holder
        job = self._store.find(job_id)
        message = whole_message(self._store.queue, job)
        keys = [*self._keys.of_job(job_id), self._store.queue.key(job.step)]
        reply = self._scripts.run("release", keys, [job_id, holder, message, why, *self._store.retention])
        self._store.forward()
        return JobStatus(cast("bytes", reply).decode())


def _number() -> int:
    """A number that grows from call to call: microseconds, which Lua can still tell apart."""
    return time.monotonic_ns() // 1000


def _settled(job: Job, reply: Reply) -> JobStatus:
    verdict, status = cast("list[bytes]", reply)
    if verdict != b"settled":
        raise LeaseLost(job.id, reason=status.decode())
    return JobStatus(status.decode())


def _json(metrics: Metrics) -> bytes:
    return orjson.dumps(metrics)

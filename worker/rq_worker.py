"""One RQ worker: it takes a job, forks a work horse that runs it, and waits for that; a child of ``worker.rq_pool``.

RQ keeps its books on queues, workers and what has started, for its tools to show; its store, its time limits and its
retries have no say, since the store has. Source: https://python-rq.org/docs/workers/
"""

import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from types import FrameType
from typing import NoReturn

import numpy as np
import structlog
from redis import Redis
from redis.exceptions import RedisError
from rq.exceptions import DequeueTimeout, NoSuchJobError
from rq.executions import Execution
from rq.job import Job as Message
from rq.queue import Queue
from rq.serializers import JSONSerializer
from rq.utils import now
from rq.worker import Worker

from jobs.connection import pool_of
from jobs.errors import NoSuchJob, StoreUnavailable
from jobs.job import FINAL, STEPS, JobStatus
from jobs.queues.rq import queue_name
from jobs.store import Store
from jobs.telemetry import flush_telemetry
from worker.crew import Run, holder_name
from worker.duty import Duty
from worker.interrupt import SIGNAL
from worker.native_threads import limit_loaded
from worker.rq_bell import Bell, die_with, end_of
from worker.rq_report import Report, send

log = structlog.get_logger(__name__)

#: The signal by which the parent tells an RQ worker to take no more jobs.
STOP = signal.SIGUSR2

#: Wait between two tries to reach Redis, seconds.
PAUSE = 1.0

#: How often RQ is told that a job still runs, seconds.
BEAT = 5.0

#: RQ forgets a worker that it has not heard of for a minute longer than this, seconds. It waits for a job for 15 s less
#: than this, that is for one second: so long may a stop take to be noticed.
WORKER_TTL = 16


class Delivered(Message):
    """A job as RQ brings it. Its id is the message; the rest is for RQ's tools."""

    @classmethod
    def fetch(cls, id: str, connection: Redis | None = None, serializer: object = None) -> Message:  # noqa: A002
        """The job of this id. Where RQ has forgotten it, for another delivery has ended, the store knows the job."""
        try:
            return super().fetch(id, connection=connection, serializer=serializer)
        except NoSuchJobError:
            return cls.create("", id=id, description="", connection=connection, serializer=serializer, timeout=-1)


class Courier(Worker):
    """An RQ worker that runs our jobs, and reports to its parent."""

    job_class = Delivered

    def __init__(self, duty: Duty, *, name: str, reports: "Connection[bytes, bytes]") -> None:
        settings = duty.settings
        super().__init__(
            [queue_name(settings.namespace, step) for step in STEPS],
            name=name,
            connection=Redis(connection_pool=pool_of(settings.redis_url, timeout=settings.redis_timeout, size=4)),
            serializer=JSONSerializer,
            worker_ttl=WORKER_TTL,
            # It would ask Redis, which may be away.
            prepare_for_work=False,
        )
        self.pid, self.hostname = os.getpid(), os.uname().nodename
        self._parent = os.getppid()
        self._duty = duty
        self._store = Store(settings)
        #: Made once; a horse has its own copy, with connections that it makes itself.
        self._runner = duty.runner()
        self._reports = reports
        self._bell = Bell()

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """Takes no more jobs; the one that runs may end."""
        self._stop_requested = True

    def serve(self) -> None:
        """Takes jobs until it is told to stop; while Redis is away it waits."""
        while self._goes_on():
            try:
                self._serve()
            except RedisError as error:
                log.warning("broker.unavailable", error=str(error), again_in=PAUSE)
                self._bell.wait(PAUSE)

    def _serve(self) -> None:
        """As ``serve``.

        Raises:
            RedisError: Redis is away.

        """
        # A killed worker of this name may have left its own.
        self.connection.delete(self.key)
        self.register_birth()  # type: ignore[no-untyped-call]
        while self._goes_on():
            # This is its heartbeat, too.
            self.check_for_suspension(burst=False)
            if self.should_run_maintenance_tasks:
                self.run_maintenance_tasks()  # type: ignore[no-untyped-call]
            if (found := self._next()) is not None:
                self.execute_job(*found)
        self.register_death()  # type: ignore[no-untyped-call]

    def _goes_on(self) -> bool:
        return not self._stop_requested and os.getppid() == self._parent

    def _next(self) -> tuple[Message, Queue] | None:
        try:
            return Queue.dequeue_any(
                self.queues,
                self.dequeue_timeout,
                connection=self.connection,
                job_class=self.job_class,
                serializer=self.serializer,
            )
        except DequeueTimeout:
            return None
        except ValueError as error:
            log.warning("message.not_read", error=str(error))
            return None

    def execute_job(self, job: Message, queue: Queue) -> None:
        """Has the job run by a horse, and waits for its end."""
        job.origin = job.origin or queue.name
        if not self._is_to_run(job):
            return
        execution = None
        with _for_show():
            execution = self.prepare_execution(job)
            self.prepare_job_execution(job)
        worker = os.getpid()
        horse = os.fork()
        if horse == 0:
            self._be_horse(job.id, worker=worker)
        ended = self._wait_for_end(horse, job, execution)
        send(self._reports, Report(run=Run(job.id, horse), status=ended))
        with _for_show():
            self._forget(job, execution, succeeded=ended == 0)

    def _is_to_run(self, message: Message) -> bool:
        """Whether the job is worth a horse. Where the store is away it may be; its run will ask again."""
        try:
            job = self._store.find(message.id)
        except StoreUnavailable:
            return True
        except NoSuchJob:
            job = None
        if job is None or job.status in FINAL:
            with _for_show():
                self.connection.delete(message.key)
            return False
        if job.analysis not in self._duty.catalog:
            # As with Celery: the sweep sends it again until a worker knows it, as in an upgrade.
            log.error("analysis.unknown", job=job.id, analysis=job.analysis)
            return False
        # Brought twice, where it runs already.
        return job.status is JobStatus.QUEUED

    def _be_horse(self, job_id: str, *, worker: int) -> NoReturn:
        """What a horse does from its first breath to its last; it must never get back into what its parent does."""
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(STOP, signal.SIG_IGN)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            die_with(worker)
            # Else each job would draw the same numbers.
            random.seed()
            np.random.seed()
            # The parent knows of the run before there is a claim that it would have to renew.
            send(self._reports, Report(run=Run(job_id, os.getpid()), status=None))
            self._runner.leases.worker = holder_name(self._duty.name, os.getpid())
            self._runner.run(job_id)
            flush_telemetry()
            code = 0
        except BaseException:
            log.exception("horse.failed", job=job_id)
        finally:
            os._exit(code)

    def _wait_for_end(self, horse: int, job: Message, execution: Execution | None) -> int:
        """How the horse has ended; RQ is told meanwhile that it has not."""
        told = time.monotonic()
        while (status := end_of(horse)) is None:
            self._bell.wait(max(0.0, told + BEAT - time.monotonic()))
            if os.getppid() != self._parent:
                os.kill(horse, signal.SIGKILL)
            if time.monotonic() - told < BEAT:
                continue
            told = time.monotonic()
            # Where Redis was away when the run began, RQ's books know of none.
            if execution is not None:
                with _for_show():
                    self.maintain_heartbeats(job, execution)
        return status

    def _forget(self, job: Message, execution: Execution | None, *, succeeded: bool) -> None:
        with self.connection.pipeline() as pipeline:
            self.cleanup_execution(job, pipeline=pipeline, execution=execution)
            count = self.increment_successful_job_count if succeeded else self.increment_failed_job_count
            count(pipeline=pipeline)
            if job.started_at:
                self.increment_total_working_time(now() - job.started_at, pipeline)
            pipeline.delete(job.key)
            pipeline.execute()


@contextmanager
def _for_show() -> Iterator[None]:
    """In here RQ keeps its books; a job runs and ends without them where Redis is away."""
    try:
        yield
    except RedisError as error:
        log.debug("rq.not_told", error=str(error))


def work(duty: Duty, *, name: str, reports: "Connection[bytes, bytes]", parent: int) -> None:
    """The life of an RQ worker in a process of its own, which its parent has forked for it."""
    die_with(parent)
    courier = Courier(duty, name=name, reports=reports)
    # A signal to the whole process group must not end runs: the parent decides how a worker stops.
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, SIGNAL):
        signal.signal(signum, signal.SIG_IGN)
    signal.signal(STOP, courier.request_stop)
    limit_loaded()
    courier.serve()

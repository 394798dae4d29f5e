"""Supervision from the worker's parent process: leases are renewed, overdue runs ended, lost jobs given back.

It runs in a thread of the parent, which computes nothing: native code in a child may hold the interpreter lock for
minutes, and the parent's own event loop stands still while Celery reconnects to a Redis that was away.
"""

import os
import threading
import time
from collections.abc import Collection
from queue import Empty, SimpleQueue
from typing import Protocol

import structlog

from jobs.errors import NoSuchJob, StoreUnavailable
from jobs.job import JobStatus
from jobs.leases import Leases, Release, Verdict
from jobs.settings import Settings
from jobs.store import Store
from jobs.sweep import sweep
from worker.memory import MemoryKills

log = structlog.get_logger(__name__)


class Crew(Protocol):
    """The processes that run jobs, as their engine knows them. Called from the supervisor's thread."""

    def check(self) -> None:
        """Notices processes that have died, and reports their jobs as lost."""
        ...

    def running(self) -> Collection[str]:
        """Ids of the jobs that were given to a process."""
        ...

    def ask(self, job_id: str) -> None:
        """Asks the process of this job to end it."""
        ...

    def kill(self, job_id: str) -> None:
        """Kills the process of this job."""
        ...


class Supervisor(threading.Thread):
    """Beats once a heartbeat for as long as the worker lives."""

    def __init__(self, store: Store, leases: Leases, crew: Crew) -> None:
        super().__init__(name="supervisor", daemon=True)
        self._store = store
        self._leases = leases
        self._crew = crew
        self._settings: Settings = store.settings
        self._lost: SimpleQueue[str] = SimpleQueue()
        #: Lost jobs that could not be given back yet, for Redis was away.
        self._unreleased: dict[str, Release] = {}
        self._hand_back_at: float | None = None
        self._asked: set[str] = set()
        #: Jobs that this supervisor has settled before it killed their process.
        self._ended: set[str] = set()
        self._closing = threading.Event()
        self._memory_kills = MemoryKills()
        self._let_fork_only_in_between()

    def report_lost(self, job_id: str) -> None:
        """The process of this job has died; the job is given back at once."""
        self._lost.put(job_id)

    def stop_soon(self) -> None:
        """The worker takes no new job; what still runs after the grace is handed back."""
        self._hand_back_at = time.monotonic() + self._settings.stop_grace

    def close(self) -> None:
        """Ends the supervision; this worker counts as alive no longer."""
        self._closing.set()
        self._lost.put("")
        self.join(timeout=5)
        try:
            self._leases.sign_off()
        except StoreUnavailable:
            log.info("worker.not_signed_off")

    def run(self) -> None:
        """Beats until it is closed. A beat that fails is logged; the next one does its work."""
        while not self._closing.is_set():
            with self._working:
                self._beat_or_log()
            self._wait_for_losses()

    def _let_fork_only_in_between(self) -> None:
        """The pool forks while this thread runs. What a thread has locked at that moment (the buffer of standard error,
        a lock inside a library) stays locked in the child for ever, so a fork waits until this thread locks nothing.
        """
        self._working = threading.Lock()
        os.register_at_fork(
            before=self._working.acquire,
            after_in_parent=self._working.release,
            after_in_child=self._working.release,
        )

    def _beat(self) -> None:
        self._crew.check()
        running = list(self._crew.running())
        verdicts = self._leases.renew(running)
        self._asked &= verdicts.keys()
        self._ended &= verdicts.keys()
        for job_id, verdict in verdicts.items():
            self._act(job_id, verdict)
        if self._hand_back_at is not None and time.monotonic() >= self._hand_back_at:
            self._hand_back(running)
        sweep(self._store)

    def _act(self, job_id: str, verdict: Verdict) -> None:
        match verdict:
            case Verdict.ASK if job_id not in self._asked:
                self._asked.add(job_id)
                log.info("job.asked_to_end", job=job_id)
                self._crew.ask(job_id)
            case Verdict.KILL:
                # Settled first, killed then: so the killed process' job isn't taken for a lost one.
                self._end(job_id, why="timeout")
            case Verdict.LOST:
                log.warning("job.lost_to_another_worker", job=job_id)
                self._crew.kill(job_id)

    def _hand_back(self, running: Collection[str]) -> None:
        for job_id in running:
            self._end(job_id, why="handed_back")

    def _end(self, job_id: str, *, why: Release) -> None:
        if self._release(job_id, why=why):
            self._ended.add(job_id)
            self._crew.kill(job_id)

    def _beat_or_log(self) -> None:
        try:
            self._beat()
        except StoreUnavailable as error:
            log.warning("supervision.store_unavailable", error=str(error))
        except Exception:
            log.exception("supervision.failed")

    def _wait_for_losses(self) -> None:
        """Waits for the next beat; a lost process interrupts the wait, once."""
        until = time.monotonic() + self._settings.heartbeat
        with self._working:
            for job_id, why in list(self._unreleased.items()):
                self._give_back(job_id, why=why)
        while (left := until - time.monotonic()) > 0 and not self._closing.is_set():
            try:
                job_id = self._lost.get(timeout=left)
            except Empty:
                return
            with self._working:
                if job_id and job_id not in self._ended:
                    self._give_back(job_id, why=self._why_lost())

    def _give_back(self, job_id: str, *, why: Release) -> None:
        """Releases a lost job, or keeps it for the next beat."""
        if self._release(job_id, why=why):
            self._unreleased.pop(job_id, None)
        else:
            self._unreleased[job_id] = why

    def _why_lost(self) -> Release:
        return "out_of_memory" if self._memory_kills.grew() else "worker_lost"

    def _release(self, job_id: str, *, why: Release) -> bool:
        """Gives the job up; False where Redis is away."""
        try:
            status: JobStatus | None = self._leases.release(job_id, why=why)
        except NoSuchJob:
            status = None
        except StoreUnavailable as error:
            log.warning("job.not_released", job=job_id, why=why, error=str(error))
            return False
        log.warning("job.released", job=job_id, why=why, status=status)
        return True

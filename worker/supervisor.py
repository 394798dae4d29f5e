"""Supervision from the worker's parent process: leases are renewed, overdue runs ended, lost jobs given back.

It runs in a thread of the parent, which computes nothing: native code in a child may hold the interpreter lock for
minutes, and the parent's own event loop stands still while Celery reconnects to a Redis that was away.
"""

import os
import threading
import time
from collections.abc import Callable, Collection
from queue import Empty, SimpleQueue

import structlog

from jobs.claims import Held, Release, Verdict
from jobs.error_reports import report_error, report_event
from jobs.errors import NoSuchJob, StoreUnavailable
from jobs.job import JobStatus
from jobs.leases import Leases
from jobs.roster import Presence
from jobs.settings import Settings
from jobs.store import Store
from jobs.sweep import sweep
from jobs.webhooks import Webhooks
from worker.crew import Crew, Run, holder_name
from worker.memory import MemoryKills

log = structlog.get_logger(__name__)

#: How long the supervisor remembers what it has ended itself, seconds; the process' death is reported much sooner.
REMEMBERED = 60.0


class Supervisor(threading.Thread):
    """Beats once a heartbeat for as long as the worker lives."""

    def __init__(
        self,
        store: Store,
        leases: Leases,
        crew: Crew,
        webhooks: Webhooks | None = None,
        *,
        presence: Presence | None = None,
    ) -> None:
        """Where they are given, ``webhooks`` are handed over with every sweep, and the ``presence`` is kept up."""
        super().__init__(name="supervisor", daemon=True)
        self._store = store
        self._webhooks = webhooks
        self._presence = presence
        self._leases = leases
        self._crew = crew
        self._settings: Settings = store.settings
        self._lost: SimpleQueue[Run | None] = SimpleQueue()
        #: Lost runs whose jobs could not be given back yet, for Redis was away.
        self._unreleased: dict[Run, Release] = {}
        self._hand_back_at: float | None = None
        self._asked: set[Run] = set()
        #: Runs whose jobs were settled here before their process was killed, and when.
        self._ended: dict[Run, float] = {}
        #: No sweep before: after an outage the other workers need a moment to renew what they hold.
        self._sweep_from = 0.0
        self._closing = threading.Event()
        self._memory_kills = MemoryKills()
        self._let_fork_only_in_between()

    def report_lost(self, run: Run) -> None:
        """A process has died, or a run ended without an outcome: its job is given back at once."""
        self._lost.put(run)

    def stop_soon(self, *, grace: float) -> None:
        """The worker takes no new job; what still runs after the grace (seconds) is handed back."""
        self._hand_back_at = time.monotonic() + grace
        self._lost.put(None)

    def close(self) -> None:
        """Ends the supervision; this worker counts as alive no longer."""
        self._closing.set()
        self._lost.put(None)
        self.join(timeout=5)
        if self._presence is None:
            return
        try:
            self._presence.leave()
        except StoreUnavailable:
            log.info("worker.not_signed_off")

    def run(self) -> None:
        """Beats until it is closed. What fails is logged and tried again with the next beat: this thread never ends."""
        while not self._closing.is_set():
            next_beat = time.monotonic() + self._settings.heartbeat
            self._guarded(self._beat)
            self._guarded(self._give_back_again)
            while (left := next_beat - time.monotonic()) > 0 and not self._closing.is_set():
                self._wait_for_a_loss(left)

    def _let_fork_only_in_between(self) -> None:
        """The pool forks while this thread runs. What a thread has locked then, in a library say, stays locked in the
        child for ever; so a fork waits until this thread is done with what it does.
        """
        self._working = threading.Lock()
        os.register_at_fork(
            before=self._working.acquire,
            after_in_parent=self._working.release,
            after_in_child=self._working.release,
        )

    def _guarded(self, act: Callable[[], None]) -> None:
        with self._working:
            try:
                act()
            except StoreUnavailable as error:
                log.warning("supervision.store_unavailable", error=str(error))
                self._sweep_from = time.monotonic() + 3 * self._settings.heartbeat + 2 * self._settings.redis_timeout
            except Exception as error:
                log.exception("supervision.failed")
                report_error(error)

    def _beat(self) -> None:
        self._crew.check()
        runs = {self._held(run): run for run in self._crew.running()}
        verdicts = self._leases.renew(list(runs))
        self._asked &= set(runs.values())
        self._ended = {run: at for run, at in self._ended.items() if time.monotonic() - at < REMEMBERED}
        for held, verdict in verdicts.items():
            self._act(runs[held], verdict)
        if self._hand_back_at is not None and time.monotonic() >= self._hand_back_at:
            self._hand_back(runs.values())
        if self._presence is not None:
            self._presence.keep(busy=len(runs))
        if time.monotonic() >= self._sweep_from:
            sweep(self._store)
            if self._webhooks is not None:
                self._webhooks.dispatch()

    def _held(self, run: Run) -> Held:
        return Held(run.job_id, holder_name(self._leases.worker, run.pid))

    def _act(self, run: Run, verdict: Verdict) -> None:
        match verdict:
            case Verdict.ASK if run not in self._asked:
                self._asked.add(run)
                log.info("job.asked_to_end", job=run.job_id)
                self._crew.ask(run)
            case Verdict.KILL:
                # Settled first, killed then: so the killed process' job isn't taken for a lost one.
                self._end(run, why="timeout")
            case Verdict.LOST:
                log.warning("job.lost_to_another_process", job=run.job_id)
                self._ended[run] = time.monotonic()
                self._crew.kill(run)

    def _hand_back(self, runs: Collection[Run]) -> None:
        for run in runs:
            # Its job is given back once. Its process may not have heard that it is killed, or not have ended yet.
            if run in self._ended:
                self._crew.kill(run)
            else:
                self._end(run, why="handed_back")

    def _end(self, run: Run, *, why: Release) -> None:
        if self._release(run, why=why):
            self._ended[run] = time.monotonic()
            self._crew.kill(run)

    def _wait_for_a_loss(self, longest: float) -> None:
        try:
            run = self._lost.get(timeout=longest)
        except Empty:
            return
        if run is not None and run not in self._ended:
            self._unreleased[run] = "worker_lost"
            self._guarded(lambda: self._give_back(run, why=self._why_lost()))

    def _give_back_again(self) -> None:
        for run, why in list(self._unreleased.items()):
            self._give_back(run, why=why)

    def _give_back(self, run: Run, *, why: Release) -> None:
        """Releases the job of a lost run, or keeps it for the next beat."""
        self._unreleased[run] = why
        if self._release(run, why=why):
            del self._unreleased[run]

    def _why_lost(self) -> Release:
        if self._hand_back_at is not None and time.monotonic() >= self._hand_back_at:
            return "handed_back"
        return "out_of_memory" if self._memory_kills.grew() else "worker_lost"

    def _release(self, run: Run, *, why: Release) -> bool:
        """Gives the job up; False where Redis is away."""
        held = self._held(run)
        try:
            status: JobStatus | None = self._leases.release(run.job_id, why=why, holder=held.holder)
        except NoSuchJob:
            status = None
        except StoreUnavailable as error:
            log.warning("job.not_released", job=run.job_id, why=why, error=str(error))
            return False
        log.warning("job.released", job=run.job_id, why=why, status=status)
        if why in ("worker_lost", "out_of_memory"):
            report_event("A process died while it ran a job.", job=run.job_id, why=why)
        return True

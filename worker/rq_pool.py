"""The parent of RQ's workers: it forks them, hears from them what runs, and replaces those that die."""

import logging
import os
import signal
import time
from dataclasses import dataclass, field
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from types import FrameType
from typing import NoReturn

import structlog

from worker.crew import Run
from worker.duty import Duty
from worker.garbage import keep_what_is_loaded
from worker.rq_bell import Bell, end_of
from worker.rq_crew import RqCrew
from worker.rq_report import received
from worker.rq_worker import STOP, work

log = structlog.get_logger(__name__)

#: Least time between two starts of one place's worker, seconds: one that can't live must not eat the machine.
PACE = 1.0

#: Longest wait for something to happen, seconds.
_LOOK = 1.0


def serve_rq(duty: Duty) -> int:
    """Runs jobs until a signal stops it; returns the exit code."""
    # The runs log their moves themselves, by job.
    for name in ("rq.worker", "rq.queue", "rq.job", "rq.registry", "rq.scheduler"):
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))
    keep_what_is_loaded()
    RqPool(duty).run()
    return 0


@dataclass
class Place:
    """Where one RQ worker is, or will be again."""

    number: int
    #: Its process id; 0 where there is none.
    pid: int = 0
    #: What it tells.
    reports: "Connection[bytes, bytes] | None" = None
    #: What its horse runs.
    runs: set[Run] = field(default_factory=set)
    #: When it was started last, monotonic seconds.
    started: float = float("-inf")


class RqPool:
    """The RQ workers of one worker of ours."""

    def __init__(self, duty: Duty) -> None:
        self._duty = duty
        self._crew = RqCrew()
        self._supervisor = duty.supervisor(self._crew)
        self._places = [Place(number) for number in range(1, duty.settings.concurrency + 1)]
        self._bell = Bell()
        #: How long running jobs get to finish, seconds, once a stop was asked for.
        self._grace: float | None = None
        self._stopping = False

    def run(self) -> None:
        """Returns when it was told to stop and the last RQ worker has ended."""
        for signum in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
            signal.signal(signum, self._on_signal)
        self._start_missing()
        self._supervisor.start()
        while not self._stopping or any(place.pid for place in self._places):
            self._bell.wait(_LOOK, others=[place.reports for place in self._places if place.reports])
            self._hear()
            if self._grace is not None:
                self._stop(self._grace)
            self._start_missing()
        self._supervisor.close()

    def _on_signal(self, signum: int, _frame: FrameType | None) -> None:
        """SIGTERM and a first SIGINT let running jobs finish; SIGQUIT and a second SIGINT hand them back at once."""
        again = self._stopping and signum == signal.SIGINT
        self._grace = 0.0 if again or signum == signal.SIGQUIT else self._duty.settings.stop_grace

    def _stop(self, grace: float) -> None:
        self._grace = None
        if not self._stopping or not grace:
            self._stopping = True
            self._supervisor.stop_soon(grace=grace)
        for place in self._places:
            if place.pid:
                os.kill(place.pid, STOP)

    def _hear(self) -> None:
        """Takes note of what has begun and ended: runs, and workers."""
        for place in self._places:
            # Looked at first, so that what it said last is heard too.
            status = end_of(place.pid) if place.pid else None
            for run, ended in received(place.reports) if place.reports else ():
                self._note(place, run, ended)
            if status is not None:
                self._bury(place, status)

    def _note(self, place: Place, run: Run, ended: int | None) -> None:
        if ended is None:
            place.runs.add(run)
            self._crew.began(run)
            return
        place.runs.discard(run)
        self._crew.ended(run)
        if ended:
            self._supervisor.report_lost(run)

    def _bury(self, place: Place, status: int) -> None:
        if not self._stopping:
            log.warning("rq_worker.died", pid=place.pid, status=status)
        for run in list(place.runs):
            # Where the system did not end it together with its worker.
            self._crew.kill(run)
            self._note(place, run, -1)
        if place.reports is not None:
            place.reports.close()
        place.pid, place.reports = 0, None

    def _start_missing(self) -> None:
        for place in self._places:
            if not (self._stopping or place.pid or time.monotonic() - place.started < PACE):
                self._start(place)

    def _start(self, place: Place) -> None:
        reports, tells = Pipe(duplex=False)
        parent = os.getpid()
        place.started = time.monotonic()
        child = os.fork()
        if child == 0:
            self._live(place, tells, parent=parent)
        tells.close()
        place.pid, place.reports = child, reports

    def _live(self, place: Place, tells: "Connection[bytes, bytes]", *, parent: int) -> NoReturn:
        """The child: never gets back into what its parent does."""
        code = 1
        try:
            work(self._duty, name=f"{self._duty.name}.{place.number}", reports=tells, parent=parent)
            code = 0
        except BaseException:
            log.exception("rq_worker.failed")
        finally:
            os._exit(code)

"""The order of a stack's life: stages start one after the other, each waits until it is ready; all stop in reverse."""

import asyncio
import contextlib
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from stack.errors import RoleFailed, StackError
from stack.guard import Guard
from stack.logs import LineLog, prefixes
from stack.supervisor import Role, Supervisor

#: How often readiness is asked for, seconds.
_ASK = 0.1

#: How often the wait is reported, seconds.
_REPORT = 5.0

#: The signals that ask for a stop; a closed terminal does, too.
_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Roles that start together, and how one knows that they are ready."""

    #: The roles; they stop in reverse order.
    roles: tuple[Role, ...]
    #: ``None`` when the stage is ready, else what is missing.
    ready: Callable[[], Awaitable[str | None]]
    #: How long it may take to be ready, seconds.
    deadline: float


async def run(
    stages: tuple[Stage, ...],
    *,
    runtime_dir: Path,
    guard: Guard,
    announce: Callable[[], None],
    out: TextIO = sys.stdout,
) -> None:
    """Start everything, call ``announce`` when all is ready, and stop everything at SIGINT, SIGTERM or SIGHUP.

    A second signal kills at once. A process that ends before everything is ready was not able to start; one that
    ends later, or is killed, is started again.

    Raises:
        RoleFailed: a process ended by itself before all was ready.
        StackError: a stage was not ready in time. Nothing runs any more in both cases.

    """
    async with _machinery(stages, runtime_dir, guard=guard, out=out) as machinery:
        for stage in stages:
            await machinery.start(stage)
        if not machinery.asked.is_set():
            machinery.started = True
            with contextlib.suppress(BrokenPipeError):
                announce()
        await machinery.asked.wait()


@asynccontextmanager
async def _machinery(
    stages: tuple[Stage, ...], runtime_dir: Path, *, guard: Guard, out: TextIO
) -> AsyncIterator["_Machinery"]:
    names = tuple(role.name for stage in stages for role in stage.roles)
    machinery = _Machinery(names, runtime_dir, guard=guard, out=out)
    await machinery.supervisor.open()
    try:
        yield machinery
    finally:
        for name in reversed(names):
            await machinery.supervisor.stop(name)
        await machinery.supervisor.close()
        for log in machinery.logs.values():
            log.close()


class _Machinery:
    """What a running stack has: the supervisor, the logs, and who asked for what."""

    def __init__(self, names: tuple[str, ...], runtime_dir: Path, *, guard: Guard, out: TextIO) -> None:
        self.supervisor = Supervisor(runtime_dir, guard=guard, notify=self._ended)
        #: Set when a stop was asked for.
        self.asked = asyncio.Event()
        #: Whether all stages were ready once.
        self.started = False
        self._failed: RoleFailed | None = None
        self._out = out
        heads = prefixes(names, out=out)
        self.logs = {name: LineLog(runtime_dir / f"{name}.log", prefix=heads[name], out=out) for name in names}
        for signum in _STOPPING:
            asyncio.get_running_loop().add_signal_handler(signum, self._stop)

    async def start(self, stage: Stage) -> None:
        """Start the stage's roles and return when they are ready, or when a stop was asked for."""
        for role in stage.roles:
            if not self.asked.is_set():
                self.say(f"Starting {role.name} …")
                await self.supervisor.start(role, log=self.logs[role.name].path)
        begun = reported = time.monotonic()
        while not self.asked.is_set() and (missing := await stage.ready()) is not None:
            if self._failed is not None:
                raise self._failed
            now = time.monotonic()
            if now - begun > stage.deadline:
                raise StackError(f"Not ready within {stage.deadline:g} s: {missing}")
            if now - reported > _REPORT:
                reported = now
                self.say(f"Waiting: {missing}")
            await self._pause()

    def say(self, line: str) -> None:
        """Print a line of the stack's own."""
        with contextlib.suppress(BrokenPipeError):
            print(line, file=self._out, flush=True)

    async def _pause(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.asked.wait(), _ASK)

    def _stop(self) -> None:
        if self.asked.is_set():
            self.say("Killing everything.")
            self.supervisor.kill()
        else:
            self.say("Stopping; running jobs get time to finish. Once more kills at once.")
            self.asked.set()

    def _ended(self, name: str, code: int | None) -> None:
        how = f"was killed by signal {-code}" if code is not None and code < 0 else f"ended with code {code}"
        if self.started or code is None or code < 0:
            self.say(f"{name} {how}; starting it again.")
            return
        self.logs[name].drain()
        words = self.logs[name].last_line.removeprefix(f"coatcheck {name}: ")
        self._failed = self._failed or RoleFailed(name, reason=words or f"it {how}")

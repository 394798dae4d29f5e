"""Runs roles as child processes under circus: start, restart when one dies, stop in order, kill at once.

Circus is used as a library in this process. Three things are done beside it, because it does not do them (tried with
0.19): when it kills a process that hangs, or when one dies by itself, that one's children run on, so here the whole
process group is killed; it drops what a dying process wrote last, so here the output goes through a pipe of ours; and
its signal handlers stop everything at once, in no order, so here they are replaced.
"""

import asyncio
import contextlib
import logging
import os
import shlex
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from circus.arbiter import Arbiter
from circus.exc import ConflictError
from circus.watcher import Watcher
from tornado.ioloop import IOLoop

from stack import launch
from stack.guard import Guard, kill_group

#: How often dead processes are looked for, seconds; a dead one is back after at most this long, and not sooner than
#: that after its last start, so that one that can't live doesn't eat the machine.
_CHECK = 1.0


@dataclass(frozen=True, kw_only=True)
class Role:
    """One kind of process of the stack."""

    #: What it is called in the log.
    name: str
    #: The command line.
    command: tuple[str, ...]
    #: Its whole environment.
    environment: Mapping[str, str]
    #: How long it may take to stop before it is killed, seconds.
    grace: float


class Supervisor:
    """The running roles; all methods belong to one event loop in the main thread."""

    def __init__(self, runtime_dir: Path, *, guard: Guard, notify: Callable[[str, int | None], None]) -> None:
        """``notify`` is called with a role's name and its exit code (minus the signal) when a process ends unasked."""
        logging.getLogger("circus").setLevel(logging.CRITICAL)
        self._guard, self._notify = guard, notify
        self._watchers: dict[str, Watcher] = {}
        self._groups: dict[str, set[int]] = {}
        self._stopping: set[str] = set()
        endpoints = [f"ipc://{runtime_dir / name}" for name in ("control.sock", "events.sock")]
        # A negative delay: circus does not look by itself, since it would report each look during a stop as an error.
        self._arbiter = Arbiter([], *endpoints, check_delay=-1, loop=IOLoop.current())
        self._looks: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Begin to look after roles."""
        await self._arbiter.start()
        self._looks = asyncio.create_task(self._look_after())

    async def start(self, role: Role, *, log: Path) -> None:
        """Start a role, its output going to the pipe ``log``; from now on it is started again whenever it ends."""
        hooks: dict[str, tuple[Callable[..., bool], bool]] = {
            "after_spawn": (self._spawned, False),
            "after_reap": (self._reaped, True),
        }
        launcher = [sys.executable, "-I", "-S", launch.__file__, str(os.getpid()), str(log)]
        watcher = self._arbiter.add_watcher(
            role.name,
            shlex.quote(launcher[0]),
            args=[*launcher[1:], *role.command],
            env=dict(role.environment),
            singleton=True,
            # Circus retries without a pause and deaf to signals; a failed start is tried again at the next look.
            max_retry=1,
            graceful_timeout=role.grace,
            hooks=hooks,
        )
        self._watchers[role.name] = watcher
        self._groups[role.name] = set()
        await _exclusively(watcher.start)

    async def stop(self, name: str) -> None:
        """Stop a role: SIGTERM, its grace, then SIGKILL for all of its processes. No role of that name is fine."""
        watcher = self._watchers.pop(name, None)
        if watcher is not None:
            self._stopping.add(name)
            await _exclusively(watcher.stop)
            self._sweep(name)

    def kill(self) -> None:
        """Kill every process of every role now; a stop that is under way ends at once."""
        for name, groups in self._groups.items():
            self._stopping.add(name)
            for group in groups:
                kill_group(group)

    async def close(self) -> None:
        """Stop looking after roles; those that still run are killed."""
        if self._looks is not None:
            self._looks.cancel()
        self.kill()
        for name in tuple(self._watchers):
            await self.stop(name)
        await _exclusively(self._arbiter.stop)
        # Circus closes its sockets in the next turn of the loop.
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    async def _look_after(self) -> None:
        while True:
            await asyncio.sleep(_CHECK)
            with contextlib.suppress(ConflictError):
                await self._arbiter.manage_watchers()
                for name in tuple(self._watchers):
                    # Not one whose stop began meanwhile.
                    if name in self._watchers:
                        await self._watchers[name].start()

    def _spawned(self, *, watcher: Watcher, pid: int, **_: object) -> bool:
        # Circus makes each process the leader of a session, so that its id is its group's.
        self._sweep(watcher.name)
        self._groups[watcher.name].add(pid)
        self._guard.watch(pid)
        return True

    def _reaped(self, *, watcher: Watcher, exit_code: int | None, **_: object) -> bool:
        self._sweep(watcher.name)
        if watcher.name not in self._stopping:
            self._notify(watcher.name, exit_code)
        return True

    def _sweep(self, name: str) -> None:
        """Kill what is left of the groups of the role's ended processes."""
        for group in self._groups[name]:
            kill_group(group)
            self._guard.forget(group)
        self._groups[name] = set()


async def _exclusively(action: Callable[[], Awaitable[object]]) -> None:
    """Do it as soon as circus is not busy with something else."""
    while True:
        try:
            await action()
        except ConflictError:
            await asyncio.sleep(0.01)
        else:
            return

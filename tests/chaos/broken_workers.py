"""What can happen to a worker: its processes die, it is stopped for a deploy, or it only seems to be dead."""

import asyncio
import signal

from chaos.plan import Fault
from chaos.role import Role, now_ms, signal_group, signal_process
from chaos.runs import Run, read_runs
from chaos.scene import Scene, Wound, chosen, eventually
from jobs.roster import Role as RosterRole
from jobs.roster import Roster


async def kill_child(scene: Scene, chance: float) -> Wound:
    """A process of a pool dies in the midst of a job."""
    run = await eventually(lambda: chosen(_runs_in_pools(scene), chance))
    wound = Wound(fault=Fault.CHILD_KILLED, at=now_ms(), job=run.job)
    signal_process(run.process, signal.SIGKILL)
    return wound


async def kill_worker(scene: Scene, chance: float) -> Wound:
    """All processes of a worker die at once, as if its machine were gone."""
    worker = await _live_worker(scene, chance)
    wound = Wound(fault=Fault.WORKER_KILLED, at=now_ms(), worker=worker.pid)
    signal_group(worker.pid, signal.SIGKILL)
    return wound


async def kill_parent(scene: Scene, chance: float) -> Wound:
    """The supervising process dies; its pool runs on, and some of it settles after the lease."""
    worker = await _live_worker(scene, chance)
    wound = Wound(fault=Fault.PARENT_KILLED, at=now_ms(), worker=worker.pid)
    worker.signal(signal.SIGKILL)
    try:
        await asyncio.sleep(_longer_than_a_lease(scene))
    finally:
        signal_group(wound.worker, signal.SIGKILL)
    return wound


async def stop_worker(scene: Scene, chance: float) -> Wound:
    """A deploy."""
    worker = await _live_worker(scene, chance)
    wound = Wound(fault=Fault.WORKER_STOPPED, at=now_ms(), worker=worker.pid)
    worker.signal(signal.SIGTERM)
    return wound


async def pause_worker(scene: Scene, chance: float) -> Wound:
    """A worker stands still for longer than its lease, then goes on as if nothing had been."""
    worker = await _live_worker(scene, chance)
    wound = Wound(fault=Fault.WORKER_PAUSED, at=now_ms(), worker=worker.pid)
    signal_group(wound.worker, signal.SIGSTOP)
    try:
        await asyncio.sleep(_longer_than_a_lease(scene))
    finally:
        signal_group(wound.worker, signal.SIGCONT)
    return wound


def _longer_than_a_lease(scene: Scene) -> float:
    return scene.store.settings.lease + 2 * scene.store.settings.heartbeat


async def _live_worker(scene: Scene, chance: float) -> Role:
    """A worker that has started, so that there is something to break."""
    return await eventually(lambda: chosen(_live_workers(scene), chance))


def _live_workers(scene: Scene) -> list[Role]:
    alive = {member.pid for member in Roster(scene.store).members(RosterRole.WORKER)}
    return [worker for worker in scene.installation.workers if worker.is_up and worker.pid in alive]


def process_of(worker: str) -> int:
    """The process id in the name by which a worker holds its leases."""
    return int(worker.split(":")[1])


def _runs_in_pools(scene: Scene) -> list[Run]:
    """The runs that go on now, by the last word of each process."""
    pools = {child.pid for worker in scene.installation.workers for child in worker.children()}
    latest = {run.process: run for run in read_runs(scene.installation.diary)}
    return [run for run in latest.values() if run.ended is None and run.process in pools]

"""The monkey: breaks what the plan says when the plan says it, and notes what it hit."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from chaos import broken_paths, broken_workers
from chaos.plan import Blow, Fault
from chaos.scene import Scene, Wound

#: How each fault is dealt.
DEEDS: Mapping[Fault, Callable[[Scene, float], Awaitable[Wound]]] = {
    Fault.CHILD_KILLED: broken_workers.kill_child,
    Fault.WORKER_KILLED: broken_workers.kill_worker,
    Fault.PARENT_KILLED: broken_workers.kill_parent,
    Fault.WORKER_STOPPED: broken_workers.stop_worker,
    Fault.WORKER_PAUSED: broken_workers.pause_worker,
    Fault.API_PROCESS_KILLED: broken_paths.kill_api_process,
    Fault.API_KILLED: broken_paths.kill_api,
    Fault.REDIS_KILLED: broken_paths.kill_redis,
    Fault.REDIS_STOPPED: broken_paths.restart_redis,
    Fault.MESSAGE_LOST: broken_paths.lose_message,
    Fault.MESSAGE_TWICE: broken_paths.copy_message,
}


@dataclass
class Monkey:
    """Deals the blows of a plan; a blow does not wait for the last one to heal."""

    scene: Scene
    #: What it has done.
    wounds: list[Wound] = field(default_factory=list)
    #: Blows that found nothing to hit.
    missed: list[Blow] = field(default_factory=list)

    async def rage(self, blows: Sequence[Blow], *, began: float) -> None:
        """Deals every blow at its time after ``began``, in monotonic seconds."""
        async with asyncio.TaskGroup() as group:
            for blow in blows:
                await asyncio.sleep(max(0.0, began + blow.at - time.monotonic()))
                group.create_task(self._deal(blow))

    async def _deal(self, blow: Blow) -> None:
        try:
            self.wounds.append(await DEEDS[blow.fault](self.scene, blow.chance))
        except TimeoutError:
            self.missed.append(blow)

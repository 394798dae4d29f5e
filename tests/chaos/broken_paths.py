"""What can happen between client and worker: the API dies, Redis goes away, messages are lost or come twice."""

import asyncio
import signal
from collections.abc import Callable
from typing import cast

from redis.asyncio import Redis
from redis.exceptions import RedisError

from chaos.customer import seconds_until_served
from chaos.plan import Fault
from chaos.role import now_ms, signal_group, signal_process
from chaos.scene import PATIENCE, Scene, Wound, chosen, eventually
from jobs.connection import reaching_redis
from jobs.job import STEPS, Job
from jobs.queues import whole_message
from jobs.queues.rq import queue_name
from jobs.store import Store

#: How long Redis stays away at most, seconds.
LONGEST_OUTAGE = 1.5
#: How many copies of a message are delivered.
COPIES = 2


async def kill_api_process(scene: Scene, chance: float) -> Wound:
    """One of the API's processes dies, with the requests that it has."""
    process = await eventually(lambda: chosen(scene.installation.api.children(), chance))
    wound = Wound(fault=Fault.API_PROCESS_KILLED, at=now_ms())
    signal_process(process.pid, signal.SIGKILL)
    wound.served_after = await seconds_until_served(scene.customer)
    return wound


async def kill_api(scene: Scene, _chance: float) -> Wound:
    """All of the API's processes die at once."""
    wound = Wound(fault=Fault.API_KILLED, at=now_ms())
    signal_group(scene.installation.api.pid, signal.SIGKILL)
    wound.served_after = await seconds_until_served(scene.customer)
    return wound


async def kill_redis(scene: Scene, chance: float) -> Wound:
    """Redis crashes and is away for a while."""
    return await _without_redis(scene, chance, Fault.REDIS_KILLED, scene.installation.redis.kill)


async def restart_redis(scene: Scene, chance: float) -> Wound:
    """Redis is shut down in good order and is away for a while."""
    return await _without_redis(scene, chance, Fault.REDIS_STOPPED, scene.installation.redis.stop)


async def _without_redis(scene: Scene, chance: float, fault: Fault, end: Callable[[], None]) -> Wound:
    async with scene.redis_is_broken:
        end()
        wound = Wound(fault=fault, at=now_ms())
        try:
            await asyncio.sleep(chance * LONGEST_OUTAGE)
        finally:
            scene.installation.redis.start()
    wound.served_after = await seconds_until_served(scene.customer)
    return wound


async def lose_message(scene: Scene, _chance: float) -> Wound:
    """A message is taken and never heard of again, as by a worker that dies in the next moment."""
    async with asyncio.timeout(PATIENCE), Redis.from_url(scene.installation.settings.redis_url) as redis:
        while True:
            try:
                job_id = await _taken(scene.store, redis)
            except RedisError:
                await asyncio.sleep(0.1)
                continue
            if job_id:
                return Wound(fault=Fault.MESSAGE_LOST, at=now_ms(), job=job_id)


async def _taken(store: Store, redis: Redis) -> str:
    """The job whose message is taken now, as the engine's workers take it; "" if none came for a second."""
    if store.settings.engine == "rq":
        queues = [f"rq:queue:{queue_name(store.settings.namespace, step)}" for step in STEPS]
        popped = cast("tuple[bytes, bytes] | None", await redis.blpop(queues, timeout=1))
        return popped[1].decode() if popped else ""
    popped = cast("tuple[bytes, bytes] | None", await redis.brpop([*map(store.queue.key, STEPS)], timeout=1))
    return store.queue.job_id(popped[1]) if popped else ""


async def copy_message(scene: Scene, chance: float) -> Wound:
    """Copies of the message of a job that was accepted lately are delivered, whatever has become of the job."""
    job = await eventually(lambda: _recent_job(scene, chance))
    await eventually(lambda: _deliver(scene, job))
    return Wound(fault=Fault.MESSAGE_TWICE, at=now_ms(), job=job.id)


def _recent_job(scene: Scene, chance: float) -> Job | None:
    ticket = chosen(scene.customer.tickets[-20:], chance)
    return None if ticket is None else scene.store.find(ticket.job)


def _deliver(scene: Scene, job: Job) -> int:
    queue = scene.store.queue
    with reaching_redis():
        there = int(scene.store.redis.lpush(queue.key(job.step), *[whole_message(queue, job)] * COPIES))
    scene.store.forward()
    return there

"""Handing over: what the scripts push for an engine whose messages only code can write, until code has brought it on.

A message is in one of two places: in the list that a script pushed it to, or *in hand*: taken by a process that is just
bringing it on. What stays in hand for too long, for that process died or could not reach the engine, is taken again.

========================  ======  ==================================================================
key                       type    holds
========================  ======  ==================================================================
``<ns>:handover:<step>``  list    messages that nobody has taken yet
``<ns>:in-hand``          zset    messages that were taken, by when they are taken again
========================  ======  ==================================================================
"""

from collections.abc import Sequence
from typing import NamedTuple, cast

import orjson
from redis import Redis
from redis.client import Pipeline

from jobs.connection import reaching_redis
from jobs.job import STEPS
from jobs.scripts import Scripts

#: How many messages are taken at once.
MOST = 100

#: How long they are in hand, seconds; longer than bringing so many on takes.
IN_HAND = 10.0


class Handed(NamedTuple):
    """A message in hand."""

    job_id: str
    #: Name of the analysis.
    analysis: str
    step: int
    #: As it was taken.
    message: bytes


class Handover:
    """The hand-over lists of one service."""

    def __init__(self, namespace: str, redis: Redis, scripts: Scripts) -> None:
        self._namespace = namespace
        self._redis = redis
        self._scripts = scripts

    @property
    def in_hand(self) -> str:
        """The key of what is in hand."""
        return f"{self._namespace}:in-hand"

    def key(self, step: int) -> str:
        """The list that the scripts push to at the left."""
        return f"{self._namespace}:handover:{step}"

    def message(self, job_id: str, *, analysis: str) -> tuple[bytes, bytes]:
        """What the engine has to be told of the job, before and after the number of its step."""
        return orjson.dumps([job_id, analysis])[:-1] + b",", b"]"

    def job_id(self, message: bytes) -> str:
        """The job of a message; "" for one that is none of ours."""
        handed = _handed(message)
        return handed.job_id if handed else ""

    def take(self) -> list[Handed]:
        """Takes some messages in hand, those first that were in hand for too long; fewer than ``MOST``: it is all.

        Raises:
            StoreUnavailable: Redis can't say now.

        """
        keys = [self.in_hand, *map(self.key, STEPS)]
        taken = cast("list[bytes]", self._scripts.run("hand_over", keys, [MOST, int(IN_HAND * 1000)]))
        found = {message: _handed(message) for message in taken}
        if strange := [message for message, handed in found.items() if handed is None]:
            with reaching_redis():
                self._redis.zrem(self.in_hand, *strange)
        return [handed for handed in found.values() if handed is not None]

    def done(self, handed: Sequence[Handed], *, pipeline: Pipeline) -> None:
        """Queues in the pipeline that these are with the engine now."""
        if handed:
            pipeline.zrem(self.in_hand, *(each.message for each in handed))


def _handed(message: bytes) -> Handed | None:
    """The message in its parts; None where it is none of ours."""
    try:
        job_id, analysis, step = orjson.loads(message)
    except (ValueError, TypeError):
        return None
    if not (isinstance(job_id, str) and isinstance(analysis, str) and step in STEPS):
        return None
    return Handed(job_id, analysis, step, message)

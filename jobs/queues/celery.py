"""Celery as courier: its protocol 2 message in kombu's Redis envelope, written without Celery.

The message is what ``Celery.send_task`` of the installed version publishes; a contract test compares the two field by
field. Sources: https://docs.celeryq.dev/en/stable/internals/protocol.html#version-2 and kombu's virtual transports.
"""

import os
import socket
from base64 import b64encode

import orjson
from redis import Redis

from jobs.connection import reaching_redis
from jobs.job import STEPS
from jobs.queues import Waiting

#: What kombu puts between a queue's name and its priority.
SEPARATOR = "\x06\x16"

#: Stands in a message where the step goes; no id and no name of an analysis has so many digits after a colon.
_NO_STEP = 10**18
_STEP = str(_NO_STEP).encode()

#: Stand there for the id of the job and for the tag of the message.
_NO_ID, _NO_TAG = "\x00id", "\x00tag"
_ID, _TAG = (orjson.dumps(stands)[1:-1] for stands in (_NO_ID, _NO_TAG))

#: No positional or keyword arguments: the message carries the job's id and nothing else.
BODY = orjson.dumps([[], {}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}])
_ENCODED_BODY = b64encode(BODY).decode()


class CeleryQueue:
    """Messages for the Celery workers that consume the queue of this name."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._origin = f"coatcheck{os.getpid()}@{socket.gethostname()}"
        #: The message of each analysis, parted where its priority stands.
        self._written: dict[str, tuple[bytes, bytes]] = {}

    def key(self, step: int) -> str:
        """The list that kombu pops for this priority; in its Redis transport 0 is taken first."""
        return f"{self._name}{SEPARATOR}{step}" if step else self._name

    def message(self, job_id: str, *, analysis: str) -> tuple[bytes, bytes]:
        """The task named after the analysis, with the job's id as its own, parted where its priority stands."""
        before, after = self._written.get(analysis) or self._write(analysis)
        # kombu tells messages apart by it.
        tag = os.urandom(16).hex()
        return before.replace(_ID, job_id.encode()), after.replace(_TAG, tag.encode())

    def headers(self, job_id: str, analysis: str) -> dict[str, object]:
        """The headers of the message, which say which task it is, and that its id is the job's."""
        return {
            "lang": "py",
            "task": analysis,
            "id": job_id,
            "shadow": None,
            "eta": None,
            "expires": None,
            "group": None,
            "group_index": None,
            "retries": 0,
            "timelimit": [None, None],
            "root_id": job_id,
            "parent_id": None,
            "argsrepr": "()",
            "kwargsrepr": "{}",
            "origin": self._origin,
            "ignore_result": True,
            "replaced_task_nesting": 0,
            "stamped_headers": None,
            "stamps": {},
        }

    def job_id(self, message: bytes) -> str:
        """The id of the task in the message."""
        try:
            found = orjson.loads(message)["headers"]["id"]
        except (orjson.JSONDecodeError, KeyError, TypeError):
            return ""
        return found if isinstance(found, str) else ""

    def forward(self) -> None:
        """Nothing: the scripts push to Celery's own lists."""

    def waiting(self, redis: Redis) -> list[Waiting | None]:
        """The lists that Celery pops, and the job that it takes next from each.

        Raises:
            StoreUnavailable: Redis can't say now.

        """
        with reaching_redis(), redis.pipeline(transaction=False) as pipeline:
            for step in STEPS:
                pipeline.lindex(self.key(step), -1)
            messages = pipeline.execute()
        taken_next = [self.job_id(message) if message else "" for message in messages]
        return [Waiting(self.key(step), job_id) for step, job_id in zip(STEPS, taken_next, strict=True)]

    def _properties(self, job_id: str) -> dict[str, object]:
        return {
            "correlation_id": job_id,
            "reply_to": "",
            "delivery_mode": 2,
            "delivery_info": {"exchange": "", "routing_key": self._name},
            "priority": _NO_STEP,
            "body_encoding": "base64",
            "delivery_tag": _NO_TAG,
        }

    def _write(self, analysis: str) -> tuple[bytes, bytes]:
        """What all messages of an analysis have in common: writing one takes longer than the rest of a submission."""
        written = orjson.dumps(
            {
                "body": _ENCODED_BODY,
                "content-encoding": "utf-8",
                "content-type": "application/json",
                "headers": self.headers(_NO_ID, analysis),
                "properties": self._properties(_NO_ID),
            }
        )
        before, _, after = written.partition(_STEP)
        self._written[analysis] = before, after
        return before, after
